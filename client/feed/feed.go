// Package feed is open feeds: the one that a person writes, those that they follow, and the links
// between the two.
//
// It is pure. Whoever has a link can read a feed and all that comes after it; the package must not
// let a link show anything earlier, and believes nothing that a post claims.
package feed

import "murmuration/client/fault"

// Faults of feeds.
var (
	errNoFeed = fault.New(
		fault.User, "there is no feed to post to",
		"Make one with `murmur feed publish`; it prints the link for your readers.",
	)
	ErrCopied = fault.New(
		fault.Trust,
		"another copy of this home has written to the feed, or this home is an old copy: the "+
			"feed goes on in another place, which readers of its link find by themselves",
		"Use one copy of a home only. Whoever has a link of 152 characters needs the one that "+
			"`murmur feed publish` prints.",
	)
	ErrEnded = fault.New(
		fault.User, "your feed has ended", "`murmur feed publish` begins it again.",
	)
	// ErrNotOwn says that a post is not of the own feed.
	ErrNotOwn = fault.New(
		fault.User, "the post is not yours", "Only its author can take a post back.",
	)
	ErrFollowing = fault.New(fault.User, "this feed is followed already", "Nothing to do.")
	ErrOwnFeed   = fault.New(fault.User, "this is your own feed", "Give the link to others.")
	ErrNoFollow  = fault.New(
		fault.NotFound, "no such feed is followed", "`murmur feed list` shows their numbers.",
	)
)
