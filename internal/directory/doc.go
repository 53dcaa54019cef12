// Package directory says who is in the network: genesis, descriptors, the signed document of each
// epoch, and the schedule by which they are made. It turns bytes into checked values and votes into
// documents; it opens no socket, reads no clock and touches no disk.
package directory
