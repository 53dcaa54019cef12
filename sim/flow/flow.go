// Package flow (L1) is a Monte Carlo engine for mix networks without feedback, with exact message tracing. Where
// nothing that comes out changes what goes in, a layer's departures follow from its arrivals alone, so that there is
// no event queue: per step of time and layer, delays are drawn, departures filed by the step in which they fall due,
// sorted there, and merged with the arrivals. The merge is also the trace, see pools. Queues, retransmissions, churn
// and adversaries who act belong to sim/des.
//
// One replication runs on one goroutine and depends on nothing but its configuration and the name of its seed;
// Replicate runs several at once, with the same bytes as one after the other. Memory follows the packets inside the
// network, not the length of a run. The package must not read files, clocks or unseeded randomness.
package flow
