// Package mix is the relay of Murmuration: it peels one Sphinx layer, delays, and forwards.
//
// The room has a pure core and a thin driver. Relay decides what happens to every packet and Loops
// watches what comes back; neither has a goroutine, socket, clock, logger or disk, and the simulator
// runs exactly this code. Node owns all of those. Providers are mixes that also hold boxes, and are
// built from the same parts.
//
// A mix knows the node that a packet came from and the one that it goes to. It must never write down
// anything that joins the two.
package mix
