package client

import "murmuration/client/fault"

// Faults of a client, beside those of its rooms. Each is a sentinel for errors.Is.
var (
	ErrNoHome = fault.New(
		fault.User, "there is no person in this home",
		"Make one with `murmur init`, or name another --home.",
	)
	errHomeTaken = fault.New(
		fault.User, "there is somebody in this home already",
		"Use another --home; nothing was changed.",
	)
	errNotEmpty = fault.New(
		fault.User, "the directory has something else in it",
		"Name a new one, or an empty one; nothing was changed.",
	)
	errVersion = fault.New(
		fault.User,
		"this home was made by another version of this program, with records of another form",
		"Use that version, or make a new home with `murmur init --home`; nothing was changed.",
	)
	errOtherNetwork = fault.New(
		fault.User, "this backup is of a home in another network",
		"Leave out --network, or name the genesis file of the backup's own; nothing was changed.",
	)
	errGenesis = fault.New(
		fault.Trust, "the genesis file of this home cannot be used",
		"Copy the network's genesis file again; it must be the one with which the home was made.",
	)
)
