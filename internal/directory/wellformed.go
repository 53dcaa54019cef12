package directory

import (
	"errors"
	"fmt"
	"math"

	"murmuration/internal/protocol"
)

// wellFormed checks everything about a document but its signatures: a client could route by it.
// The error wraps errIllFormed.
func (d *Document) wellFormed(g *Genesis) error {
	for _, check := range []func(*Genesis) error{d.checkParameters, d.checkNodes, d.checkLayers,
		d.checkStoring, d.checkMoved,
		func(*Genesis) error { return checkVoid(d.Epoch, d.Void) }} {
		if err := check(g); err != nil {
			return fmt.Errorf("%w of epoch %d: %w", errIllFormed, d.Epoch, err)
		}
	}
	return nil
}

// checkParameters also holds what the genesis fixes for good: the suite and the sizes on the wire,
// and the division of time.
func (d *Document) checkParameters(g *Genesis) error {
	p, q := d.Parameters, g.Parameters
	if p.Suite != q.Suite || p.BoxPlaintext != q.BoxPlaintext || p.EpochLength != q.EpochLength {
		return fmt.Errorf("suite %s, box_plaintext %d, epoch_length %s: the genesis fixes %s, "+
			"%d, %s",
			p.Suite, p.BoxPlaintext, p.EpochLength, q.Suite, q.BoxPlaintext, q.EpochLength)
	}
	if d.Epoch > Epoch(math.MaxInt64/p.EpochLength)-protocol.Validity {
		return errors.New("epoch out of range")
	}
	return p.Validate()
}

func (d *Document) checkNodes(g *Genesis) error {
	if len(d.Nodes) > maxElements {
		return fmt.Errorf("%d nodes, at most %d", len(d.Nodes), maxElements)
	}
	for i, n := range d.Nodes {
		if i > 0 && compareIDs(d.Nodes[i-1].ID, n.ID) >= 0 {
			return fmt.Errorf("node %d is listed twice or out of order", i+1)
		}
		if err := n.check(d.Parameters); err != nil {
			return fmt.Errorf("node %s: %w", n.ID, err)
		}
	}
	return nil
}

func (n *Node) check(p Parameters) error {
	if err := errors.Join(checkRole(n.Role), checkName("name", n.Name), checkAddr(n.Addr),
		n.ID.Check()); err != nil {
		return err
	}
	low, high := 0, 0
	if n.Role == RoleMix {
		low, high = 1, p.Layers
	}
	if n.Layer < low || n.Layer > high {
		return fmt.Errorf("a %s in layer %d", n.Role, n.Layer)
	}
	if n.Packets > maxCapacity || n.Packets != twoDigits(n.Packets) {
		return fmt.Errorf("%d packets: want two significant digits", n.Packets)
	}
	if n.Role == RoleMix && n.Tokens != [2]TokenKey{} {
		return errors.New("a mix with token keys")
	}
	return errors.Join(checkKeys(p.Suite, n.Keys), checkTokens(n.Tokens), n.checkFamily(),
		n.checkShare())
}

// checkLayers names the part of the network that is missing, for people.
func (d *Document) checkLayers(*Genesis) error {
	for layer := 1; layer <= d.Parameters.Layers; layer++ {
		if len(d.Layer(layer)) == 0 {
			return fmt.Errorf("layer %d has no mix", layer)
		}
	}
	if len(d.Providers()) == 0 {
		return errors.New("there is no provider")
	}
	return nil
}

// checkStoring wants today and tomorrow, so that the sets are known until the document expires.
func (d *Document) checkStoring(g *Genesis) error {
	today, oldest := d.days(g)
	for i, s := range d.Storing {
		if i > 0 && d.Storing[i-1].Day >= s.Day {
			return fmt.Errorf("storing set of day %d is listed twice or out of order", s.Day)
		}
		if s.Day < oldest || s.Day > today+1 {
			return fmt.Errorf("storing set of day %d, but the kept ones are %d to %d", s.Day,
				oldest, today+1)
		}
		if err := checkSet(s); err != nil {
			return err
		}
	}
	n := len(d.Storing)
	if n < 2 || d.Storing[n-1].Day != today+1 || d.Storing[n-2].Day != today {
		return fmt.Errorf("storing sets of today and tomorrow, days %d and %d, are missing", today,
			today+1)
	}
	return nil
}

// checkMoved wants authorities of the genesis alone.
func (d *Document) checkMoved(g *Genesis) error {
	g = g.At(d.Epoch)
	for i, a := range d.Moved {
		if i > 0 && compareIDs(d.Moved[i-1].ID, a.ID) >= 0 {
			return fmt.Errorf("authority %d that moved is listed twice or out of order", i+1)
		}
		named, ok := g.Authority(a.ID)
		if !ok || named.Addr == a.Addr {
			return fmt.Errorf("%s moved, and is no authority or where the genesis says", a.ID)
		}
		if err := checkAddr(a.Addr); err != nil {
			return err
		}
	}
	return nil
}

func checkSet(s StoringSet) error {
	if len(s.Nodes) == 0 || len(s.Nodes) > maxElements {
		return fmt.Errorf("%d providers store the boxes of day %d, want 1 to %d", len(s.Nodes),
			s.Day, maxElements)
	}
	for i, id := range s.Nodes {
		if i > 0 && compareIDs(s.Nodes[i-1], id) >= 0 {
			return fmt.Errorf("storing set of day %d: %s is listed twice or out of order", s.Day,
				id)
		}
	}
	return nil
}

// days gives the day on which the document's epoch begins and the oldest day whose boxes are kept.
func (d *Document) days(g *Genesis) (today, oldest uint16) {
	s := g.Schedule()
	today = s.DayOf(s.StartOf(d.Epoch))
	return today, today - min(today, uint16(d.Parameters.RetentionDays))
}

// twoDigits rounds half up to two significant decimal digits: what a client needs to compute
// entropy, and no more.
func twoDigits(n uint64) uint64 {
	unit := uint64(1)
	for n/unit >= 100 {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}
