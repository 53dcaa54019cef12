package client

import "murmuration/client/fault"

// Faults of a client, beside those of its rooms. Each is a sentinel for errors.Is.
var (
	ErrNoHome     = fault.New(fault.User, "there is no person in this home", "Make one with `murmur init`, or name another --home.")
	ErrHomeTaken  = fault.New(fault.User, "there is somebody in this home already", "Use another --home; nothing was changed.")
	ErrGenesis    = fault.New(fault.Trust, "the genesis file of this home cannot be used", "Copy the network's genesis file again; it must be the one with which the home was made.")
	ErrClock      = fault.New(fault.Trust, "the clock of this computer and the network's do not agree", "Set the clock (time zone and date included) and start again.")
	ErrSplit      = fault.New(fault.Trust, "another provider has another network document for the same epoch", "Do not use this network until its operators have explained it: somebody may be shown a network of their own.")
	ErrOffline    = fault.New(fault.Network, "the network cannot be reached", "Check the connection; the client keeps trying.")
	ErrNoDocument = fault.New(fault.Network, "there is no valid network document", "Wait: the client fetches one as soon as a provider answers. Check the clock if it does not.")
	ErrGuard      = fault.New(fault.User, "the network lists no provider of this name", "Compare `murmur network show`.")
	ErrNoFeed     = fault.New(fault.User, "there is no feed to post to", "Make one with `murmur feed publish`; it prints the link for your readers.")
	ErrCopied     = fault.New(fault.Trust, "another copy of this home has written to the feed, which therefore began anew: your readers need its new link", "`murmur feed publish` prints it. Use one copy of a home only.")
	ErrFollowing  = fault.New(fault.User, "this feed is followed already", "Nothing to do.")
	ErrOwnFeed    = fault.New(fault.User, "this is your own feed", "Give the link to others.")
	ErrNoFollow   = fault.New(fault.NotFound, "no such feed is followed", "`murmur feed list` shows their numbers.")
	ErrNoPost     = fault.New(fault.NotFound, "there is no such post", "`murmur timeline` lists the ids.")
	ErrNoPhoto    = fault.New(fault.NotFound, "this post has no photo", "`murmur timeline` shows which posts have one.")
	ErrPhotoGone  = fault.New(fault.NotFound, "the photo has expired", "Boxes are kept for some days only: ask its author to post it again.")
	ErrPhotoBad   = fault.New(fault.Trust, "the photo is not the one that the post describes", "Its boxes hold something else: ask its author.")
	ErrOutbox     = fault.New(fault.Quota, "too much waits in the outbox", "Wait until some of it is stored: `murmur outbox` shows what.")
)
