package contact

import (
	"encoding/base32"

	"murmuration/client/fault"
)

var letters = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").
	WithPadding(base32.NoPadding)

// Faults of contacts.
var (
	ErrNoContact = fault.New(
		fault.NotFound, "you know nobody by this name",
		"`murmur contact list` shows whom you know.",
	)
	ErrClaimed = fault.New(
		fault.NotFound, "that is what somebody claims to be",
		"Anybody may: use the name that you have for them, which `murmur contact list` shows.",
	)
	ErrAmbiguous = fault.New(
		fault.User, "more than one of your contacts may be meant",
		"`murmur contact list` shows their names; `murmur contact alias` gives another one.",
	)
	ErrTaken = fault.New(
		fault.User, "somebody else has this name with you",
		"Take another one, or rename them first: `murmur contact alias`.",
	)
	ErrAlias = fault.New(
		fault.User, "not a name for a contact",
		"A name has 1 to 64 bytes on one line, not dots alone, and begins with no minus sign.",
	)
	ErrGone = fault.New(
		fault.User, "this contact is over", "Meet again: `murmur invite new`.",
	)
	ErrNoInvite = fault.New(
		fault.NotFound, "there is no such invitation", "`murmur invite list` shows them.",
	)
	ErrNoRequest = fault.New(
		fault.NotFound, "there is no such request", "`murmur contact requests` shows them.",
	)
	ErrClosed = fault.New(
		fault.User, "this invitation is over", "`murmur invite new` makes another one.",
	)
	ErrOwnTicket = fault.New(
		fault.User, "this is your own invitation", "Give it to whom you want to meet.",
	)
	ErrAccepted = fault.New(
		fault.User, "you have accepted this invitation already",
		"`murmur invite list` shows how far it is.",
	)
	ErrExpired = fault.New(
		fault.User, "the invitation has run out", "Ask for another one.",
	)
	ErrDays = fault.New(
		fault.User, "an invitation lives 1 to 12 days",
		"Boxes are kept for two days more: give a time within that.",
	)
	ErrFuture = fault.New(
		fault.User, "the invitation is of a day that has not begun",
		"Check this computer's clock, and that of who made it.",
	)
	ErrMany = fault.New(
		fault.Quota, "too many invitations are open",
		"Take some back: `murmur invite list`, `murmur invite revoke`.",
	)
	ErrSame = fault.New(fault.User, "these are one contact", "Name two of them.")
)
