package client

import "murmuration/client/fault"

// Faults of a client, beside those of its rooms. Each is a sentinel for errors.Is.
var (
	ErrNoHome     = fault.New(fault.User, "there is no person in this home", "Make one with `murmur init`, or name another --home.")
	ErrHomeTaken  = fault.New(fault.User, "there is somebody in this home already", "Use another --home; nothing was changed.")
	ErrVersion    = fault.New(fault.User, "this home was made by another version of this program, and keeps its records in another form", "Use the version that made it, or make a new home with `murmur init --home`; nothing was changed.")
	ErrGenesis    = fault.New(fault.Trust, "the genesis file of this home cannot be used", "Copy the network's genesis file again; it must be the one with which the home was made.")
	ErrClock      = fault.New(fault.Trust, "the clock of this computer and the network's do not agree", "Set the clock (time zone and date included) and start again.")
	ErrSplit      = fault.New(fault.Trust, "another provider has another network document for the same epoch", "Do not use this network until its operators have explained it: somebody may be shown a network of their own.")
	ErrOffline    = fault.New(fault.Network, "the network cannot be reached", "Check the connection; the client keeps trying.")
	ErrNoDocument = fault.New(fault.Network, "there is no valid network document", "Wait: the client fetches one as soon as a provider answers. Check the clock if it does not.")
	ErrGuard      = fault.New(fault.User, "the network lists no provider of this name", "Compare `murmur network show`.")
)
