package query

import (
	"fmt"

	"murmuration/internal/directory"
)

// Founded is a library that gives the network's genesis with all its successions, so that whoever
// has an older one learns who the authorities are now.
type Founded interface {
	// Genesis is the file's bytes, which must not change.
	Genesis() []byte
}

func (s *server) genesis(i uint32) frame {
	f, ok := s.library.(Founded)
	if !ok {
		return frame{op: opNone}
	}
	return piece(0, f.Genesis(), true, i)
}

// FetchGenesis asks for the genesis. What comes is a stranger's bytes, at most directory.MaxGenesis
// of them: directory.ParseGenesis and Genesis.Follows tell what they are worth.
func FetchGenesis(conn Conn) (whole []byte, err error) {
	buf := make([]byte, FrameSize)
	pieces := uint32(1)
	for i := uint32(0); i < pieces; i++ {
		answer, err := ask(conn, buf, frame{op: opGenesis, piece: i})
		if err != nil {
			return nil, fmt.Errorf("fetching the genesis, piece %d: %w", i+1, err)
		}
		if i == 0 {
			pieces = answer.pieces
		}
		if err := fits(answer, 0, i, pieces); err != nil {
			return nil, fmt.Errorf("fetching the genesis, piece %d: %w", i+1, err)
		}
		if whole = append(whole, answer.data...); len(whole) > directory.MaxGenesis {
			return nil, fmt.Errorf("fetching the genesis: %w: more than %d bytes",
				directory.ErrMalformed, directory.MaxGenesis)
		}
	}
	return whole, nil
}
