package link

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	mrand "math/rand/v2"
	"net"
	"testing"
	"time"
)

// strangerConfig is what a well-behaved peer of ours offers, for tests to spoil.
func strangerConfig(t *testing.T, n byte) *tls.Config {
	t.Helper()
	tr, err := NewTLS(testConfig(n))
	if err != nil {
		t.Fatal(err)
	}
	cfg := tr.config()
	cfg.InsecureSkipVerify = true
	return cfg
}

// knock dials with the standard library's TLS, says hello and reports whether
// a hello came back.
func knock(t *testing.T, addr string, cfg *tls.Config) bool {
	t.Helper()
	tc := tls.Client(dialRaw(t, addr), cfg)
	defer tc.Close()
	if tc.Handshake() != nil {
		return false
	}
	state := tc.ConnectionState()
	secret, err := state.ExportKeyingMaterial(exporterLabel, nil, 32)
	if err != nil {
		return false
	}
	b := bind(testConfig(1).Network, [32]byte(secret), roleDialler)
	if writeHello(tc, hello{kind: Packets, frameSize: testFrame, binding: b}) != nil {
		return false
	}
	_, err = readHello(tc)
	return err == nil
}

// TestOtherVersions: whoever speaks another version of the protocol is told by the hello of this
// one, whether it dials or is dialled, and nothing else comes of it. The control speaks this one.
func TestOtherVersions(t *testing.T) {
	tr, _ := NewTLS(testConfig(1))
	l, err := tr.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, other := range []byte{version - 1, version, version + 1} {
		said := hello{kind: Packets, frameSize: testFrame}.marshal()
		said[0] = other
		tc := tls.Client(dialRaw(t, l.Addr()), strangerConfig(t, 2))
		if err := tc.Handshake(); err != nil {
			t.Fatal(err)
		}
		if _, err := tc.Write(said[:]); err != nil {
			t.Fatal(err)
		}
		answer, err := readHello(tc)
		if err != nil || answer.kind != Packets {
			t.Errorf("version %d is answered by %v, %v", other, answer, err)
		}
		if n, _ := tc.Read(make([]byte, 1)); n != 0 {
			t.Errorf("version %d is told more than a hello", other)
		}
		tc.Close()

		_, err = parseHello(said)
		var told *Error
		if (other == version) == errors.Is(err, errOtherVersion) ||
			err != nil && (!errors.As(err, &told) || told.Hint() == "") {
			t.Errorf("a hello of version %d is %v", other, err)
		}
	}
}

func TestWeakTLSIsRefused(t *testing.T) {
	tr, _ := NewTLS(testConfig(1))
	l, err := tr.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, spoil := range map[string]func(*tls.Config){
		"TLS 1.2": func(c *tls.Config) {
			c.MinVersion, c.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
		},
		"no post-quantum share": func(c *tls.Config) {
			c.CurvePreferences = []tls.CurveID{tls.X25519}
		},
		"no certificate":          func(c *tls.Config) { c.Certificates = nil },
		"no application protocol": func(c *tls.Config) { c.NextProtos = nil },
		"another protocol":        func(c *tls.Config) { c.NextProtos = []string{"h2"} },
		"an ECDSA key":            func(c *tls.Config) { c.Certificates[0] = ecdsaCertificate(t) },
		"a small-order key":       func(c *tls.Config) { c.Certificates[0] = forgedCertificate(t) },
		"a huge certificate":      func(c *tls.Config) { c.Certificates[0] = hugeCertificate(t) },
		"two certificates": func(c *tls.Config) {
			c.Certificates[0].Certificate = append(c.Certificates[0].Certificate,
				c.Certificates[0].Certificate[0])
		},
	} {
		cfg := strangerConfig(t, 2)
		spoil(cfg)
		if knock(t, l.Addr(), cfg) {
			t.Errorf("%s: got in", name)
		}
	}
	if !knock(t, l.Addr(), strangerConfig(t, 2)) {
		t.Error("control: a proper peer was refused")
	}
}

// TestStrangersAreStrange is the control for the certificates above: a TLS
// server without our checks takes them.
func TestStrangersAreStrange(t *testing.T) {
	for name, cert := range map[string]tls.Certificate{
		"ecdsa": ecdsaCertificate(t), "forged": forgedCertificate(t), "huge": hugeCertificate(t),
	} {
		server := strangerConfig(t, 1)
		server.ClientAuth = tls.RequireAnyClientCert
		client := strangerConfig(t, 2)
		client.Certificates[0] = cert
		a, b := net.Pipe()
		done := make(chan error, 1)
		go func() { done <- tls.Client(a, client).Handshake() }()
		if err := tls.Server(b, server).Handshake(); err != nil {
			t.Errorf("control: %s: %v", name, err)
		}
		a.Close()
		<-done
	}
}

func ecdsaCertificate(t *testing.T) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return selfSigned(t, key, &x509.Certificate{SerialNumber: big.NewInt(1)})
}

func hugeCertificate(t *testing.T) tls.Certificate {
	ballast, _ := asn1.Marshal(make([]byte, 4*handshakeAllowance))
	return selfSigned(t, seed(2).private(), &x509.Certificate{
		SerialNumber:    big.NewInt(1),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: ballast}},
	})
}

// forgedCertificate holds the identity point, for which the signature R = the
// identity, S = 0 fits every message: its owner knows no secret.
func forgedCertificate(t *testing.T) tls.Certificate {
	return selfSigned(t, forger{}, &x509.Certificate{SerialNumber: big.NewInt(1)})
}

type forger struct{}

func (forger) Public() crypto.PublicKey {
	key, _ := hex.DecodeString(smallOrder[1])
	return ed25519.PublicKey(key)
}

func (forger) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	signature := make([]byte, ed25519.SignatureSize)
	signature[0] = 1
	return signature, nil
}

func selfSigned(t *testing.T, key crypto.Signer, template *x509.Certificate) tls.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestClocksPlayNoRole connects with certificates that expired long ago.
func TestClocksPlayNoRole(t *testing.T) {
	expire := func(tr *TLS) *TLS {
		key := tr.cfg.Identity.private()
		tr.cert = selfSigned(t, key, &x509.Certificate{
			SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0),
		})
		return tr
	}
	server, _ := NewTLS(testConfig(1))
	client, _ := NewTLS(testConfig(2))
	l, err := expire(server).Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := expire(client).Dial(t.Context(), Peer{l.Addr(), seed(1).Public()}, Packets)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	leaf, _ := x509.ParseCertificate(server.cert.Certificate[0])
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	var invalid x509.CertificateInvalidError
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots}); !errors.As(err, &invalid) ||
		invalid.Reason != x509.Expired {
		t.Errorf("control: the ordinary check says %v", err)
	}
}

// TestWhatTheNodeSees looks at a connection of ours from the other side.
func TestWhatTheNodeSees(t *testing.T) {
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	seen := make(chan tls.ConnectionState, 1)
	cfg := strangerConfig(t, 1)
	cfg.ClientAuth = tls.RequireAnyClientCert
	go func() {
		defer close(seen)
		socket, err := raw.Accept()
		if err != nil {
			return
		}
		defer socket.Close()
		tc := tls.Server(socket, cfg)
		if tc.Handshake() == nil {
			seen <- tc.ConnectionState()
		}
	}()
	client, _ := NewTLS(testConfig(2))
	if _, err := client.Dial(t.Context(), Peer{raw.Addr().String(), seed(1).Public()},
		Packets); !errors.Is(err, ErrNotAdmitted) {
		t.Errorf("dialling a node that says no hello: %v", err)
	}
	state, ok := <-seen
	if !ok {
		t.Fatal("no handshake")
	}
	if state.Version != tls.VersionTLS13 || state.CurveID != tls.X25519MLKEM768 ||
		state.ServerName != "" || state.DidResume {
		t.Errorf("version %x, group %s, name %q, resumed %t", state.Version, state.CurveID,
			state.ServerName, state.DidResume)
	}
}

// TestNoKeyForAnImpostor holds that a dialler shows its certificate only to
// the node that it meant.
func TestNoKeyForAnImpostor(t *testing.T) {
	for _, want := range []PublicKey{seed(1).Public(), seed(9).Public()} {
		a, b := net.Pipe()
		cfg := strangerConfig(t, 1)
		cfg.ClientAuth = tls.RequireAnyClientCert
		shown := make(chan int, 1)
		server := tls.Server(b, cfg)
		go func() {
			server.Handshake()
			shown <- len(server.ConnectionState().PeerCertificates)
		}()
		client, _ := NewTLS(testConfig(2))
		_, err := client.call(t.Context(), a, want)
		honest := want == seed(1).Public()
		if (err == nil) != honest {
			t.Errorf("honest %t: %v", honest, err)
		}
		a.Close()
		if n := <-shown; (n == 1) != honest {
			t.Errorf("honest %t: saw %d certificates", honest, n)
		}
		b.Close()
	}
}

func TestDiallingOtherServers(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"http": func(c net.Conn) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") },
		"plain TLS": func(c net.Conn) {
			cfg := strangerConfig(t, 1)
			cfg.NextProtos = []string{"h2"}
			tls.Server(c, cfg).Handshake()
		},
	} {
		raw, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			if c, err := raw.Accept(); err == nil {
				serve(c)
				io.Copy(io.Discard, c)
				c.Close()
			}
		}()
		client, _ := NewTLS(testConfig(2))
		_, err = client.Dial(t.Context(), Peer{raw.Addr().String(), seed(1).Public()}, Packets)
		if !errors.Is(err, ErrNotMurmur) {
			t.Errorf("%s: %v", name, err)
		}
		raw.Close()
		<-done
	}
}

// TestHostileBytes throws bytes at the socket: pure noise, spoilt beginnings of
// a true handshake, other protocols. Nobody gets in, and an honest peer does.
func TestHostileBytes(t *testing.T) {
	server := testConfig(1)
	tr, _ := NewTLS(server)
	l, err := tr.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const tries = 300
	rng := mrand.New(mrand.NewChaCha8([32]byte{1}))
	first := firstFlight(t)
	for i := range tries {
		c := dialRaw(t, l.Addr())
		c.Write(hostileBytes(rng, i, first))
		c.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, c)
		c.Close()
	}
	if !knock(t, l.Addr(), strangerConfig(t, 2)) {
		t.Error("control: a proper peer was refused")
	} else if _, err := l.Accept(t.Context()); err != nil {
		t.Error(err)
	}
	l.Close()
	refused := server.Counters.Get(handshakeFailed) + server.Counters.Get(badHello)
	if got := server.Counters.Get(accepted); got != 1 || refused != tries {
		t.Errorf("accepted %d, refused %d of %d", got, refused, tries)
	}
}

// hostileBytes is one stranger's bytes: by turns noise, a long lie about a length,
// another protocol, and a true first flight with one bit flipped or cut short.
func hostileBytes(rng *mrand.Rand, i int, first []byte) []byte {
	b := make([]byte, len(first))
	copy(b, first)
	switch i % 5 {
	case 0:
		for j := range b {
			b[j] = byte(rng.Uint32())
		}
	case 1:
		copy(b, "\x16\x03\x01\xff\xff\x01\xff\xff\xff")
	case 2:
		copy(b, "GET / HTTP/1.1\r\n\r\n")
	case 3:
		b[rng.IntN(len(b))] ^= 1 << rng.IntN(8)
	case 4:
		b = b[:rng.IntN(len(b))]
	}
	return b
}

// firstFlight records what a proper dialler says first.
func firstFlight(t *testing.T) []byte {
	a, b := net.Pipe()
	client, _ := NewTLS(testConfig(2))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		client.call(ctx, a, seed(1).Public())
	}()
	flight := make([]byte, 4096)
	n, err := b.Read(flight)
	cancel()
	b.Close()
	<-done
	if err != nil || n < 1000 {
		t.Fatalf("first flight of %d bytes: %v", n, err)
	}
	return flight[:n]
}

// TestHandshakeAllowance holds the bound on what a stranger may send.
func TestHandshakeAllowance(t *testing.T) {
	read := func(open bool) (int64, error) {
		near, far := newPipe(seed(1).Public(), seed(2).Public(), [32]byte{})
		go func() {
			far.Write(make([]byte, 2*handshakeAllowance))
			far.Close()
		}()
		w := newWire(near)
		if open {
			w.open()
		}
		return io.Copy(io.Discard, w)
	}
	if n, err := read(false); n != handshakeAllowance || !errors.Is(err, errHandshakeTooLong) {
		t.Errorf("a stranger sent %d bytes: %v", n, err)
	}
	if n, err := read(true); n != 2*handshakeAllowance || err != nil {
		t.Errorf("control: %d bytes: %v", n, err)
	}
}

// ticketBox counts the session tickets that a client is given.
type ticketBox int

func (*ticketBox) Get(string) (*tls.ClientSessionState, bool)    { return nil, false }
func (n *ticketBox) Put(_ string, state *tls.ClientSessionState) { *n++ }

func TestNoTickets(t *testing.T) {
	tickets := func(disabled bool) int {
		a, b := newPipe(seed(2).Public(), seed(1).Public(), [32]byte{})
		server, client, box := strangerConfig(t, 1), strangerConfig(t, 2), new(ticketBox)
		server.SessionTicketsDisabled = server.SessionTicketsDisabled && disabled
		client.SessionTicketsDisabled = false
		client.ClientSessionCache, client.ServerName = box, "node"
		done := make(chan error, 1)
		go func() {
			s := tls.Server(b, server)
			err := s.Handshake()
			s.Close()
			done <- err
		}()
		io.Copy(io.Discard, tls.Client(a, client))
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		return int(*box)
	}
	if n := tickets(true); n != 0 {
		t.Errorf("a client was given %d tickets", n)
	}
	if n := tickets(false); n == 0 {
		t.Error("control: no ticket was seen where there is one")
	}
}
