package app

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"murmuration/client/content"
	"murmuration/client/fault"
)

// fourInARow is a game of two: stones fall into columns; who has four in a row first, across, down
// or aslant, has won.
//
// A record says the whole game, as the columns that were played, and its author the last of them:
// so it does not matter what else came, or when. It counts if it is one move more than a game that
// counts. Of two moves that the devices of one person made in one turn, the other side's answer
// decides, and before that the smaller number: all come to the same game. Nobody can change what
// the other has answered.
type fourInARow struct{}

const (
	columns = 7
	rows    = 6
	inARow  = 4
	most    = columns * rows
	maxHeld = 8 // games of each side that may be gone on from
)

var (
	errMove = words("there is no such move", "A column: 1 to 7, while it has room.")
	errTurn = fault.New(
		fault.User, "it is not your turn", "Wait for their move, or begin another game with --new.",
	)
	errRules = errors.New("a game against the rules")
)

// game is its state.
type game struct {
	Begun bool     `cbor:"1,keyasint,omitempty"` // by this person
	Moves []byte   `cbor:"2,keyasint,omitempty"` // columns, from 0
	Mine  [][]byte `cbor:"3,keyasint,omitempty"` // games as this person's devices said them
	Yours [][]byte `cbor:"4,keyasint,omitempty"` // and as the contact's did
	Twice bool     `cbor:"5,keyasint,omitempty"` // somebody moved twice in a turn
}

func gameOf(state []byte) (g game, err error) {
	if state == nil {
		return g, nil
	}
	return g, content.Decode(state, &g)
}

// turn says whether the next move is this person's.
func (g game) turn() bool { return g.Begun == (len(g.Moves)%2 == 0) }

// field is columns of stones; 1 is whoever began.
type field [columns][]int

// play is the field after moves that keep the rules, and whether the last one won.
func play(moves []byte) (f field, won bool, err error) {
	for n, c := range moves {
		if won || c >= columns || len(f[c]) == rows {
			return f, won, errRules
		}
		f[c] = append(f[c], 1+n%2)
		won = f.won(int(c))
	}
	return f, won, nil
}

func (f field) at(c, r int) int {
	if c < 0 || c >= columns || r < 0 || r >= len(f[c]) {
		return 0
	}
	return f[c][r]
}

// won says whether the last stone of a column stands in four.
func (f field) won(c int) bool {
	r := len(f[c]) - 1
	for _, d := range [][2]int{{1, 0}, {0, 1}, {1, 1}, {1, -1}} {
		n := 1
		for _, way := range []int{1, -1} {
			for s := way; f.at(c+s*d[0], r+s*d[1]) == f[c][r]; s += way {
				n++
			}
		}
		if n >= inARow {
			return true
		}
	}
	return false
}

func (fourInARow) Name() string { return "game" }

func (fourInARow) Say(state []byte, words []string) ([]byte, error) {
	g, err := gameOf(state)
	if err != nil {
		return nil, err
	}
	if state == nil {
		g.Begun = true
	}
	_, won, err := play(g.Moves)
	switch {
	case err != nil:
		return nil, err
	case won || len(g.Moves) == most:
		return nil, ErrElsewhere.With("the game is over")
	case len(words) != 1:
		return nil, errMove
	case !g.turn():
		return nil, errTurn
	}
	c, err := strconv.Atoi(words[0])
	if err != nil || c < 1 || c > columns {
		return nil, errMove.With("%q", words[0])
	}
	moves := append(slices.Clone(g.Moves), byte(c-1))
	if _, _, err := play(moves); err != nil {
		return nil, errMove.With("column %d is full", c)
	}
	return moves, nil
}

func (fourInARow) Heard(state []byte, s Said) ([]byte, error) {
	g, err := gameOf(state)
	if err != nil {
		return nil, err
	}
	if _, _, err := play(s.Content); err != nil || len(s.Content) == 0 ||
		s.Began != (len(s.Content)%2 == 1) {
		return nil, errRules
	}
	if state == nil {
		g.Begun = s.Own == s.Began
	}
	held := &g.Yours
	if s.Own {
		held = &g.Mine
	}
	if !slices.ContainsFunc(*held, func(m []byte) bool { return bytes.Equal(m, s.Content) }) {
		*held = append(*held, s.Content)
		*held = (*held)[max(0, len(*held)-maxHeld):]
	}
	for g.step() {
	}
	return content.Encode(g)
}

// step goes on by a move that was said, and says whether there was one.
func (g *game) step() bool {
	for _, m := range slices.Concat(g.Mine, g.Yours) {
		n := len(m)
		again := n == len(g.Moves) && !bytes.Equal(m, g.Moves) &&
			bytes.Equal(m[:n-1], g.Moves[:n-1])
		g.Twice = g.Twice || again
		if n < len(g.Moves) || n == len(g.Moves) && bytes.Compare(m, g.Moves) >= 0 {
			continue
		}
		if again || g.counts(m[:n-1]) {
			g.Moves = m
			return true
		}
	}
	return false
}

// counts says whether a game can be gone on from: it is the one that counts, or whose turn it was
// said it.
func (g *game) counts(m []byte) bool {
	if bytes.Equal(m, g.Moves) || len(m) == 0 {
		return true
	}
	by := g.Yours
	if g.Begun == (len(m)%2 == 1) {
		by = g.Mine
	}
	return slices.ContainsFunc(by, func(k []byte) bool { return bytes.Equal(k, m) })
}

func (fourInARow) Show(state []byte) (v View) {
	g, err := gameOf(state)
	f, won, bad := play(g.Moves)
	if err != nil || bad != nil {
		return View{Title: "four in a row, which cannot be read"}
	}
	v.Open = !won && len(g.Moves) < most
	v.Turn = v.Open && g.turn()
	stone := map[bool]string{true: "x", false: "o"}[g.Begun]
	v.Title = "four in a row, you are " + stone + ": " + g.stands(v.Open, won)
	v.Lines = f.draw()
	if g.Twice {
		v.Notes = append(v.Notes, "Somebody moved twice in one turn; for both of you the same "+
			"move counts.")
	}
	if slices.ContainsFunc(g.Yours, func(m []byte) bool { return len(m) > len(g.Moves) }) {
		v.Notes = append(v.Notes, "They say that more was played; what you did not play does not "+
			"count.")
	}
	return v
}

func (g game) stands(open, won bool) string {
	switch {
	case open && g.turn():
		return "your turn"
	case open:
		return "their turn"
	case won && g.turn(): // the last move was theirs
		return "they have won"
	case won:
		return "you have won"
	}
	return "nobody has won"
}

// draw is the field, the highest row first, with the numbers of its columns.
func (f field) draw() []string {
	lines := []string{}
	for r := rows - 1; r >= 0; r-- {
		cells := make([]string, columns)
		for c := range columns {
			cells[c] = []string{".", "x", "o"}[f.at(c, r)]
		}
		lines = append(lines, strings.Join(cells, " "))
	}
	return append(lines, "1 2 3 4 5 6 7")
}
