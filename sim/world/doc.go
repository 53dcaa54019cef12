// Package world is level 3 of the simulator: the real mix, provider and client cores in virtual time,
// joined by one event heap and no socket.
//
// So far it is a test bed: its tests carry posts through whole networks, across epochs and with layers
// down, and hold the cores to the delays that senders asked for. The scenario seam of the other levels
// will drive it next.
package world
