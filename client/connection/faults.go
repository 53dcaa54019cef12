package connection

import "murmuration/client/fault"

// Faults of a connection. Each is a sentinel for errors.Is.
var (
	ErrClock = fault.New(fault.Trust, "the clock of this computer and the network's do not agree",
		"Set the clock (time zone and date included), or wait, and start again.")
	errClockOff = fault.New(fault.Trust,
		"the clock of this computer and that of our provider do not agree",
		"Set the clock (time zone and date included), or let the network set it. While it is off, "+
			"nothing comes back, and what goes out stands out.")
	errSplit = fault.New(fault.Trust,
		"there are two signed network documents of which only one can be true",
		"Do not use this network until its operators have explained it: somebody may be "+
			"shown a network of their own. `murmur network findings` has the evidence.")
	errDoubted = fault.New(fault.Trust,
		"most of the providers that were asked say that the network document is another one",
		"Compare the digest of `murmur network show` with somebody else's. If it is another one, "+
			"do not use this network until its operators have explained it.")
	errOffline = fault.New(fault.Network, "the network cannot be reached",
		"Check the connection; the client keeps trying.")
	errProviderDown = fault.New(fault.Network, "our provider is down: nobody answers there",
		"Nothing is lost: what you post waits here, and the provider is dialled until it is back. "+
			"After a day another one takes over; `murmur guard use NAME` changes it at once.")
	errProviderStarts = fault.New(fault.Network,
		"our provider answers, and takes nobody in: it has just started, or the network is down",
		"Nothing to do: it has no network document yet, and is dialled again. If it lasts, the "+
			"network's operators must do something.")
	errStoodStill = fault.New(fault.Network,
		"the network is down: it has made no document for now",
		"There is nothing to do here: what you post waits, and goes when the network is back. "+
			"Its operators must do something.")
	errFull = fault.New(fault.Network, "our provider is full",
		"Nothing is wrong here. The client keeps trying and gets in when a place becomes free; if "+
			"that takes too long, change the provider (`murmur guard use NAME`).")
	errUninvited = fault.New(fault.User, "our provider takes only people with an invitation",
		"Ask its operator for one and write it into client.toml (`invitation`), or change the "+
			"provider (`murmur guard use NAME`).")
	errCut = fault.New(fault.Network, "the link to our provider has ended",
		"Nothing to do: the client links to it again. If this comes again and again, its places "+
			"are fought over, or the connection is bad.")
	errReplaced = fault.New(fault.Network,
		"the provider that you chose is not in use: it takes nobody new (it is full, leaves, or "+
			"takes only the invited), or did not serve for a day",
		"Choose again: `murmur guard use NAME`, of the one in use if that will do.")
	errUnlisted = fault.New(fault.Network,
		"our provider is not in the network document that is in force, and carries nothing",
		"Nothing to do: what you post waits here. A provider that was away comes back with one of "+
			"the next documents; if it does not, another one takes over.")
	errGuardFails = fault.New(fault.Network, "nothing comes back through our provider",
		"Check the connection of this computer. If that works, there is nothing to do but wait.")
	errWithholds = fault.New(fault.Network, "our provider keeps back what other providers announce",
		"Posts come late, or not. There is nothing to do but wait.")
	errDry = fault.New(fault.Network,
		"our provider brings no write tokens, and without them no holder takes what you post",
		"Nothing to do but wait: what you post stays here and goes when there are tokens. What "+
			"others post is read as always.")
	errNoDocument = fault.New(fault.Network, "there is no valid network document",
		"Wait: the client fetches one as soon as a provider answers. "+
			"Check the clock if it does not.")
	errLate = fault.New(fault.Network,
		"there is no network document of this epoch yet; the one before is in force still",
		"Nothing to do now: all is carried until that one ends (`murmur status` says when). If no "+
			"other comes until then, the network's operators must do something.")
	errUnusable = fault.New(fault.Network,
		"the network document asks for what this program cannot do",
		"Get a newer version of the program: this one falls silent when the last document has "+
			"ended.")
	errNoGuardYet = fault.New(fault.Network,
		"there is no network document yet, and nobody knows who the providers are",
		"Try again when the client is connected for the first time (`murmur status`).")
	errGuard = fault.New(fault.NotFound, "the network lists no provider of this name",
		"Compare `murmur network show`.")
)
