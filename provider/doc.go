// Package provider is the shore of Murmuration: the first and last hop of every client, and the keeper
// of boxes.
//
// A provider is a mix of layer 0 that also admits clients, spools their replies in memory, executes
// box requests and stores boxes. Edge is its pure core: relay, spools and requests, with the time as an
// argument. Server is the driver: sockets, disk, goroutines.
//
// A provider sees its clients' addresses and, as a holder, which boxes are asked for; it must never
// write down anything that joins the two, nor who fetched what.
package provider
