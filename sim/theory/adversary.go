package theory

import "math"

// PathCompromised is the probability that all mixes of a path are corrupt: with this many mixes, as
// many corrupt, and both the layers and the corrupt mixes drawn at random, a path is a draw without
// replacement. Layers need not divide the mixes evenly. MiXiM Fig 3 divides 100 mixes into layers
// of 33, 33 and 34, gives each mix of all three the probability 1/33, and so prints three layers
// too high by 34/33. Domain: 1 ≤ layers ≤ mixes, 0 ≤ corrupt ≤ mixes.
func PathCompromised(mixes, corrupt, layers int) (float64, error) {
	if layers < 1 || layers > mixes || corrupt < 0 || corrupt > mixes {
		return outside("%d layers, %d of %d mixes corrupt", layers, corrupt, mixes)
	}
	p := 1.0
	for i := range layers {
		p *= float64(max(0, corrupt-i)) / float64(mixes-i)
	}
	return p, nil
}

// PathCompromisedBalanced is the same when each layer of width mixes has exactly corrupt corrupt
// ones: (corrupt/width)^layers.
func PathCompromisedBalanced(layers, width, corrupt int) (float64, error) {
	if layers < 1 || width < 1 || corrupt < 0 || corrupt > width {
		return outside("%d layers, %d of %d mixes corrupt", layers, corrupt, width)
	}
	return math.Pow(float64(corrupt)/float64(width), float64(layers)), nil
}

// IntersectionCandidates is how many of users a passive intersection attack still suspects to be
// the one friend of a sender after so many rounds in which the sender was seen, with uniform
// receivers in batches: 1 + (N−1)·q^t with q = 1 − (1−1/N)^(b−1), the chance that a stranger is in
// a batch. Domain: users ≥ 2, batch ≥ 1, rounds ≥ 0.
func IntersectionCandidates(users, batch, rounds int) (float64, error) {
	if users < 2 || batch < 1 || rounds < 0 {
		return outside("%d users, batches of %d, %d rounds", users, batch, rounds)
	}
	n := float64(users)
	q := -math.Expm1(float64(batch-1) * math.Log1p(-1/n))
	return 1 + (n-1)*math.Pow(q, float64(rounds)), nil
}

// AllFriendsSeen is the mean number of rounds until each of m friends was written to, when each
// round writes to one at random: the coupon collector's m·H(m). Domain: m ≥ 1.
func AllFriendsSeen(m int) (float64, error) {
	if m < 1 {
		return outside("%d friends", m)
	}
	rounds := 0.0
	for i := 1; i <= m; i++ {
		rounds += float64(m) / float64(i)
	}
	return rounds, nil
}

// DisclosureRounds is how many rounds a statistical disclosure attack needs (Danezis 2003,
// re-derived): users receive uniformly in batches, the target writes to one of friends per round,
// and the mean signal of a friend, t/m, must exceed that of a stranger by sigmas deviations of
// both, of which a friend's has the noise of batches as well as that of the choice. Domain: users ≥
// 2, batch ≥ 1, 1 ≤ friends ≤ users, sigmas > 0.
func DisclosureRounds(users, batch, friends int, sigmas float64) (float64, error) {
	if users < 2 || batch < 1 || friends < 1 || friends > users || !positive(sigmas) {
		return outside("%d users, batches of %d, %d friends, %g deviations", users, batch, friends,
			sigmas)
	}
	n, b, m := float64(users), float64(batch), float64(friends)
	stranger := (b - 1) * (n - 1) / (n * n)
	friend := (m-1)/(m*m) + stranger
	root := m * sigmas * (math.Sqrt(friend) + math.Sqrt(stranger))
	return root * root, nil
}
