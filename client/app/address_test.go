package app

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestAddresses are those of BIP 173 and BIP 350, and well-known ones in base 58.
func TestAddresses(t *testing.T) {
	for address, test := range map[string]bool{
		"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4":                                 false,
		"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7":             true,
		"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y": false,
		"BC1SW50QGDZ25J":                       false,
		"bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs": false,
		"tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy": true,
		"tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c": true,
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0": false,
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa":                             false,
		"1111111111111111111114oLvT2":                                    false,
		"3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy":                             false,
		"mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn":                             true,
		"2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc":                            true,
	} {
		if is, err := checkAddress(address); err != nil || is != test {
			t.Errorf("%s: of a test network %v, %v", address, is, err)
		}
	}
}

// TestWrongAddresses are those of BIP 350, and more.
func TestWrongAddresses(t *testing.T) {
	for _, address := range []string{
		// no network of ours
		"tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
		// the older checksum
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
		"tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
		"BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", // the newer one for version 0
		"tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
		// no digit
		"bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
		// version 17
		"BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
		"bc1pw5dgrnzv", // one byte
		// 41
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
		"BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P", // 16 of version 0
		// two cases
		"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
		// padding too long
		"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
		// and not zero
		"tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
		"bc1gmk9yu", "", "1", "bc1", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN0", "11A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
		strings.Repeat("1", 91), "\x1b[2J", "ｂc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
	} {
		if _, err := checkAddress(address); err == nil {
			t.Errorf("%q was taken", address)
		}
	}
}

// TestEveryWrongLetterIsSeen, wherever it is.
func TestEveryWrongLetterIsSeen(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, good := range []string{
		"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
	} {
		for at := range good {
			wrong := []byte(good)
			for wrong[at] == good[at] {
				wrong[at] = bech32Digits[rng.IntN(32)]
			}
			if _, err := checkAddress(string(wrong)); err == nil {
				t.Errorf("%s was taken", wrong)
			}
		}
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]string{
		"1": "1", "0.0015": "0.0015", "0.00000001": "0.00000001", "20.50000000": "20.5",
		"21000000": "21000000", "10": "10",
	} {
		n, err := amount(text)
		if err != nil || bitcoins(n) != want {
			t.Errorf("%q is %s, %v", text, bitcoins(n), err)
		}
	}
	for _, text := range []string{
		"", "0", "0.0", ".5", "-1", "+1", "1e3", "0.000000001", "21000000.00000001", "1.2.3", "1,5",
		"184467440737.09551617", "0x1", "1_0", "٣",
	} {
		if n, err := amount(text); err == nil {
			t.Errorf("%q is %d", text, n)
		}
	}
}
