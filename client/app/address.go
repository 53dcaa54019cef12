package app

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"strings"
)

var errAddress = words(
	"this is no bitcoin address", "Copy it again, the whole of it; a letter is wrong or missing.",
)

// checkAddress refuses what is no address of Bitcoin, and says whether it is of a test network: its
// checksum is right, and its length that of a key or a script.
func checkAddress(address string) (test bool, err error) {
	if len(address) > maxAddress {
		return false, errAddress.With("%d characters", len(address))
	}
	prefix, _, _ := strings.Cut(strings.ToLower(address), "1")
	if prefix == "bc" || prefix == "tb" || prefix == "bcrt" {
		return prefix != "bc", segwit(address)
	}
	raw, ok := base58(address)
	if !ok || len(raw) != 25 {
		return false, errAddress.With("%q", address)
	}
	first := sha256.Sum256(raw[:21])
	sum := sha256.Sum256(first[:])
	if !bytes.Equal(sum[:4], raw[21:]) || strings.IndexByte("\x00\x05\x6f\xc4", raw[0]) < 0 {
		return false, errAddress.With("%q", address)
	}
	return raw[0] == 0x6f || raw[0] == 0xc4, nil
}

const base58Digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

func base58(text string) ([]byte, bool) {
	n, radix := new(big.Int), big.NewInt(58)
	for _, r := range text {
		d := strings.IndexRune(base58Digits, r)
		if d < 0 {
			return nil, false
		}
		n.Add(n.Mul(n, radix), big.NewInt(int64(d)))
	}
	zeros := len(text) - len(strings.TrimLeft(text, "1"))
	return append(make([]byte, zeros), n.Bytes()...), true
}

// What a checksum leaves over (BIP 173, BIP 350).
const (
	bech32  = 1
	bech32m = 0x2bc830a3
)

const bech32Digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// segwit checks a witness program's address: version 0 has a checksum of BIP 173, and 20 or 32
// bytes; versions to 16 one of BIP 350, and 2 to 40.
func segwit(address string) error {
	prefix, values, rest, ok := split(address)
	if !ok || len(values) < 1+6 {
		return errAddress.With("%q", address)
	}
	version, program := values[0], values[1:len(values)-6]
	size, left := len(program)*5/8, len(program)*5%8
	want, fits := bech32m, version <= 16 && size >= 2 && size <= 40
	if version == 0 {
		want, fits = bech32, size == 20 || size == 32
	}
	padded := len(program) > 0 && left < 5 && program[len(program)-1]&(1<<left-1) == 0
	if prefix == "" || !fits || !padded || rest != want {
		return errAddress.With("%q", address)
	}
	return nil
}

// split reads the values of the digits behind the last 1, and what the checksum leaves over.
func split(address string) (prefix string, values []byte, rest int, ok bool) {
	lower := strings.ToLower(address)
	if address != lower && address != strings.ToUpper(address) {
		return "", nil, 0, false
	}
	at := strings.LastIndexByte(lower, '1')
	if at < 1 {
		return "", nil, 0, false
	}
	prefix = lower[:at]
	for _, r := range lower[at+1:] {
		v := strings.IndexRune(bech32Digits, r)
		if v < 0 {
			return "", nil, 0, false
		}
		values = append(values, byte(v))
	}
	all := []byte{}
	for _, c := range []byte(prefix) {
		all = append(all, c>>5)
	}
	all = append(all, 0)
	for _, c := range []byte(prefix) {
		all = append(all, c&31)
	}
	return prefix, values, polymod(append(all, values...)), true
}

func polymod(values []byte) int {
	sum := 1
	for _, v := range values {
		top := sum >> 25
		sum = (sum&0x1ffffff)<<5 ^ int(v)
		for i, g := range []int{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	return sum
}
