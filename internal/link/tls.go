package link

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

const (
	alpn          = "murmuration/1"
	exporterLabel = "EXPORTER-murmuration-link-v1"
)

// TLS opens links over real sockets: TLS 1.3, X25519MLKEM768, and certificates
// that are nothing but an envelope for the Ed25519 key. Clocks play no role.
type TLS struct {
	cfg  Config
	cert tls.Certificate
}

// NewTLS checks the configuration and makes the certificate. It opens nothing.
func NewTLS(cfg Config) (*TLS, error) {
	cfg, err := cfg.ready()
	if err != nil {
		return nil, err
	}
	cert, err := certificate(cfg.Identity)
	if err != nil {
		return nil, fmt.Errorf("making the link certificate: %w", err)
	}
	return &TLS{cfg: cfg, cert: cert}, nil
}

// certificate wraps the key as TLS wants it: no name, no meaning, and valid
// always, because a wrong clock must not cut anybody off.
func certificate(seed Seed) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Unix(0, 0).UTC(),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	key := seed.private()
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func (t *TLS) config() *tls.Config {
	return &tls.Config{
		Certificates:                []tls.Certificate{t.cert},
		MinVersion:                  tls.VersionTLS13,
		CurvePreferences:            []tls.CurveID{tls.X25519MLKEM768},
		NextProtos:                  []string{alpn},
		SessionTicketsDisabled:      true, // a ticket would link two connections of one client
		DynamicRecordSizingDisabled: true,
	}
}

// Listen implements Transport. The address is host:port; port 0 lets the
// system choose.
func (t *TLS) Listen(addr string) (Listener, error) {
	raw, err := t.cfg.bind(addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", addr, err)
	}
	return listen(&t.cfg, raw, t.answer), nil
}

// answer is the accepting side of the TLS handshake. The key is looked at only
// afterwards, so that a stranger sees a close and no alert.
func (t *TLS) answer(ctx context.Context, socket net.Conn) (*channel, error) {
	w := newWire(socket)
	cfg := t.config()
	cfg.ClientAuth = tls.RequireAnyClientCert
	tc := tls.Server(w, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return open(tc, w)
}

// Dial implements Transport.
func (t *TLS) Dial(ctx context.Context, to Peer, kind Kind) (Conn, error) {
	return t.cfg.dial(ctx, to, kind, func(ctx context.Context) (*channel, error) {
		var d net.Dialer
		socket, err := d.DialContext(ctx, "tcp", to.Addr)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		ch, err := t.call(ctx, socket, to.Key)
		if err != nil {
			socket.Close()
			return nil, callError(err)
		}
		return ch, nil
	})
}

// call is the dialling side of the TLS handshake. The node's key is checked
// before our certificate goes out: whoever sits in between learns no spool key.
func (t *TLS) call(ctx context.Context, socket net.Conn, want PublicKey) (*channel, error) {
	w := newWire(socket)
	cfg := t.config()
	// the key is verified below; chains, names and dates mean nothing here
	cfg.InsecureSkipVerify = true
	cfg.VerifyConnection = func(state tls.ConnectionState) error {
		key, err := peerKey(state)
		if err == nil && key != want {
			err = ErrOtherKey
		}
		return err
	}
	tc := tls.Client(w, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return open(tc, w)
}

// callError says what a failed TLS handshake means for the dialler.
func callError(err error) error {
	var known *Error
	var record tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &known), isTimeout(err):
		return err
	case errors.As(err, &record), errors.As(err, &op) &&
		op.Op == "remote error", errors.Is(err, errProtocol):
		return fmt.Errorf("%w: %w", ErrNotMurmur, err)
	}
	return fmt.Errorf("%w: %w", errRefused, err)
}

var errProtocol = errors.New("another application protocol")

// open turns a finished TLS handshake into a channel.
func open(tc *tls.Conn, w *wire) (*channel, error) {
	state := tc.ConnectionState()
	if state.NegotiatedProtocol != alpn {
		return nil, errProtocol
	}
	key, err := peerKey(state)
	if err != nil {
		return nil, err
	}
	secret, err := state.ExportKeyingMaterial(exporterLabel, nil, 32)
	if err != nil {
		return nil, err
	}
	return &channel{Conn: tc, socket: w.Conn, wire: w, peer: key, exporter: [32]byte(secret)}, nil
}

// peerKey is the key that the peer proved, if it is a sound one.
func peerKey(state tls.ConnectionState) (PublicKey, error) {
	if len(state.PeerCertificates) != 1 {
		return PublicKey{}, errBadKey
	}
	raw, ok := state.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok || len(raw) != len(PublicKey{}) {
		return PublicKey{}, errBadKey
	}
	key := PublicKey(raw)
	return key, key.check()
}
