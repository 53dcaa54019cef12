// Package provider is the core of a provider: the first and last hop of every client, and a holder
// of boxes.
//
// A provider is a mix of layer 0 that also admits clients, spools their replies in memory, and
// executes box requests, and says in bulletins which boxes it got. Edge decides about packets,
// spools and requests, Service executes requests on a box store, and Bulletins makes, knows and
// serves bulletins; all are given the time, and none has a goroutine, socket, clock or logger.
// Package provider/node runs them, and the simulator runs the same code.
//
// A provider sees its clients' addresses and, as a holder, which boxes are asked for; it must never
// write down anything that joins the two, nor who fetched what.
package provider
