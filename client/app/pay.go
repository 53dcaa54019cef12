package app

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"murmuration/client/content"
)

// payment is a request for money, and what both say about it. It moves none, and checks no chain: a
// wallet pays, and "paid" is what somebody says.
type payment struct{}

const (
	maxNote    = 100                  // bytes of what it is for
	maxAmount  = 21_000_000 * satoshi // all that there will ever be
	satoshi    = 100_000_000          // of a bitcoin
	maxAddress = 90                   // characters (BIP 173)
)

var (
	errAsk = words(
		"a request says how much, and to which address",
		"murmur app run pay ALIAS AMOUNT ADDRESS; or the word paid, received or withdraw.",
	)
	errAmount = words("this is no amount", "Give bitcoins, as 0.0015: up to eight digits behind "+
		"the point.")
	errNote    = words("what it is for is too long, or not one line", "Up to 100 bytes.")
	errPayment = errors.New("not a payment request, and nothing about one")
)

// The words about a request.
const (
	sayPaid     = "paid"
	sayReceived = "received"
	sayWithdraw = "withdraw"
)

// ask is a request.
type ask struct {
	Amount  uint64 `cbor:"1,keyasint"` // satoshis
	Address string `cbor:"2,keyasint"`
	For     string `cbor:"3,keyasint,omitempty"`
}

// paying is what a record says: one of the two.
type paying struct {
	Ask  *ask   `cbor:"1,keyasint,omitempty"`
	Word string `cbor:"2,keyasint,omitempty"`
}

// request is the state. What was said about it may come before it.
type request struct {
	Own       bool `cbor:"1,keyasint,omitempty"` // this person asks
	Ask       *ask `cbor:"2,keyasint,omitempty"`
	Paid      bool `cbor:"3,keyasint,omitempty"`
	Received  bool `cbor:"4,keyasint,omitempty"`
	Withdrawn bool `cbor:"5,keyasint,omitempty"`
}

func requestOf(state []byte) (r request, err error) {
	if state == nil {
		return r, nil
	}
	return r, content.Decode(state, &r)
}

func (a ask) check() error {
	if a.Amount == 0 || a.Amount > maxAmount {
		return errAmount.With("%d satoshis", a.Amount)
	}
	if a.For != "" && (len(a.For) > maxNote || strings.ContainsAny(a.For, "\n\t")) {
		return errNote
	}
	if a.For != "" {
		if err := content.CheckSaid(a.For); err != nil {
			return err
		}
	}
	_, err := checkAddress(a.Address)
	return err
}

func (payment) Name() string { return "pay" }

func (payment) Say(state []byte, words []string) ([]byte, error) {
	r, err := requestOf(state)
	if err != nil {
		return nil, err
	}
	if len(words) == 1 {
		return r.word(state, words[0])
	}
	if state != nil {
		return nil, ErrElsewhere.With("this was asked for already")
	}
	if len(words) != 2 && len(words) != 3 {
		return nil, errAsk
	}
	a := ask{Address: strings.TrimSpace(words[1])}
	if a.Amount, err = amount(words[0]); err != nil {
		return nil, err
	}
	if len(words) == 3 {
		a.For = strings.TrimSpace(words[2])
	}
	if strings.ToUpper(a.Address) == a.Address { // bech32 in capitals, as QR codes have it
		a.Address = strings.ToLower(a.Address)
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	return content.Encode(paying{Ask: &a})
}

// word is what somebody may say about a request, once.
func (r request) word(state []byte, word string) ([]byte, error) {
	can, known := map[string]bool{
		sayPaid:     !r.Own && !r.Paid && !r.Received && !r.Withdrawn,
		sayReceived: r.Own && !r.Received,
		sayWithdraw: r.Own && !r.Received && !r.Withdrawn,
	}[word]
	switch {
	case !known || state == nil && word == "":
		return nil, errAsk
	case state == nil || r.Ask == nil || !can:
		return nil, ErrElsewhere.With("no request of which this could be said")
	}
	return content.Encode(paying{Word: word})
}

func (payment) Heard(state []byte, s Said) ([]byte, error) {
	r, err := requestOf(state)
	if err != nil {
		return nil, err
	}
	var p paying
	if err := content.Decode(s.Content, &p); err != nil {
		return nil, err
	}
	r.Own = s.Own == s.Began
	switch {
	case (p.Ask == nil) == (p.Word == ""):
		return nil, errPayment
	case p.Ask != nil && s.Began && (r.Ask == nil || *r.Ask == *p.Ask):
		if err := p.Ask.check(); err != nil {
			return nil, err
		}
		r.Ask = p.Ask
	case p.Word == sayPaid && !s.Began:
		r.Paid = true
	case p.Word == sayReceived && s.Began:
		r.Received = true
	case p.Word == sayWithdraw && s.Began:
		r.Withdrawn = true
	default: // another request in the place of the first, or what the other side has to say
		return nil, errPayment
	}
	return content.Encode(r)
}

func (payment) Show(state []byte) (v View) {
	r, err := requestOf(state)
	if err != nil || r.Ask == nil {
		return View{Title: "a payment request that has not come yet"}
	}
	v.Open = !r.Received && !r.Withdrawn
	v.Turn = v.Open && r.Own == r.Paid
	v.Says = r.Ask.For
	v.Title = r.who() + " " + bitcoins(r.Ask.Amount) + " BTC: " + r.stands()
	v.Lines = []string{"to " + r.Ask.Address}
	if test, err := checkAddress(r.Ask.Address); err == nil && test {
		v.Notes = append(v.Notes, "The address is of a test network: what is sent there is no "+
			"money.")
	}
	if !r.Own && v.Open && !r.Paid {
		v.URI = r.Ask.uri()
	}
	return v
}

func (r request) who() string {
	if r.Own {
		return "you ask for"
	}
	return "they ask for"
}

// stands is how far it is, by what was said.
func (r request) stands() string {
	payer, payee := "they say that it is", "you say that it has come"
	if !r.Own {
		payer, payee = "you say that it is", "they say that it has come"
	}
	switch {
	case r.Received:
		return payee
	case r.Paid && r.Withdrawn:
		return payer + " paid, and it was taken back"
	case r.Paid:
		return payer + " paid"
	case r.Withdrawn:
		return "taken back"
	}
	return "open"
}

// uri is one after BIP 21, for a wallet.
func (a ask) uri() string {
	u := "bitcoin:" + a.Address + "?amount=" + bitcoins(a.Amount)
	if a.For != "" {
		u += "&message=" + strings.ReplaceAll(url.QueryEscape(a.For), "+", "%20")
	}
	return u
}

// amount reads bitcoins with up to eight digits behind the point.
func amount(text string) (uint64, error) {
	whole, part, _ := strings.Cut(text, ".")
	digits := whole + part + strings.Repeat("0", max(0, 8-len(part)))
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || len(part) > 8 || whole == "" || strings.Trim(digits, "0123456789") != "" ||
		n == 0 || n > maxAmount {
		return 0, errAmount.With("%q", text)
	}
	return n, nil
}

func bitcoins(n uint64) string {
	text := fmt.Sprintf("%d.%08d", n/satoshi, n%satoshi)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
