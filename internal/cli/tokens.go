package cli

import (
	"fmt"

	"murmuration/client/api"
)

// tokensLeft says what there is to write with.
func tokensLeft(s api.Status) string {
	switch {
	case s.Free:
		return "none are needed in this network"
	case s.TokensOf == 0:
		return "none have come yet for today"
	}
	return fmt.Sprintf("%d of %d left for today, one a box", s.Tokens, s.TokensOf)
}

// tokens says what paying for writes costs.
func tokens(b api.Budget) string {
	if b.Tokens == 0 {
		return "no tokens"
	}
	return fmt.Sprintf("a token a box, of %d a day from ten providers: %.1f kB a day of the free "+
		"bytes, and %d frames that nobody tells apart", b.Tokens, float64(b.TokenBytes)/1e3,
		b.TokenAsks)
}
