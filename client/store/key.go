package store

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20poly1305"

	"murmuration/internal/durable"
)

// The key file, 169 or fewer bytes (docs/client.md, "Store"):
//
//	magic 20 ‖ mode 1 ‖ salt 16 ‖ nonce 24 ‖ sealed data key 48      mode 1, under a passphrase
//	magic 20 ‖ mode 0 ‖ data key 32 ‖ SHA-256(magic ‖ 0 ‖ key) 32    mode 0, in the clear
const (
	magic     = "murmuration-key-v1\n\x00"
	modePlain = 0
	modePass  = 1
	saltSize  = 16
	plainSize = len(magic) + 1 + 32 + sha256.Size
	passSize  = len(magic) + 1 + saltSize + chacha20poly1305.NonceSizeX + 32 + tagSize
	tagSize   = chacha20poly1305.Overhead
)

// Argon2id parameters (RFC 9106, the second recommended choice).
const (
	argonTime    = 3
	argonMemory  = 64 << 10 // KiB
	argonThreads = 4
)

// dataKey is what everything in the store is sealed under.
type dataKey [32]byte

// keys are derived from the data key, one for each use.
type keys struct{ badger, value, name [32]byte }

func (k dataKey) derive() (d keys) {
	for label, key := range map[string]*[32]byte{
		"badger": &d.badger, "value": &d.value, "name": &d.name,
	} {
		b, err := hkdf.Expand(sha256.New, k[:], "murmuration/store/v1/"+label, len(key))
		if err != nil {
			panic("store: HKDF of 32 bytes: " + err.Error())
		}
		copy(key[:], b)
	}
	return d
}

// newKey draws a data key and writes the key file, wrapped unless passphrase is empty.
func newKey(path string, passphrase []byte) (k dataKey, err error) {
	rand.Read(k[:]) // never fails
	file, err := k.wrap(passphrase)
	if err != nil {
		return k, err
	}
	return k, durable.WriteFile(path, file, 0o600)
}

func (k dataKey) wrap(passphrase []byte) ([]byte, error) {
	if len(passphrase) == 0 {
		file := append([]byte(magic), modePlain)
		file = append(file, k[:]...)
		sum := sha256.Sum256(file)
		return append(file, sum[:]...), nil
	}
	file := append([]byte(magic), modePass)
	random := make([]byte, saltSize+chacha20poly1305.NonceSizeX)
	rand.Read(random)
	file = append(file, random...)
	aead, err := chacha20poly1305.NewX(stretch(passphrase, random[:saltSize]))
	if err != nil {
		return nil, fmt.Errorf("wrapping the data key: %w", err)
	}
	return aead.Seal(file, random[saltSize:], k[:], []byte(magic)), nil
}

// stretch makes a key of a passphrase, slowly; tests put a quick one in its place.
var stretch = argon

func argon(passphrase, salt []byte) []byte {
	return argon2.IDKey(
		passphrase, salt, argonTime, argonMemory, argonThreads, chacha20poly1305.KeySize,
	)
}

// readKey opens the key file.
func readKey(path string, passphrase []byte) (k dataKey, err error) {
	file, err := durable.ReadFile(path, 4096)
	if err != nil {
		return k, fmt.Errorf("reading the data key: %w", err)
	}
	if len(file) <= len(magic) || !bytes.HasPrefix(file, []byte(magic)) {
		return k, ErrForeign.With("%s is not a key file of this program", path)
	}
	switch mode := file[len(magic)]; {
	case mode == modePlain && len(file) == plainSize:
		return openPlain(path, file, passphrase)
	case mode == modePass && len(file) == passSize:
		return openWrapped(file, passphrase)
	default:
		return k, ErrForeign.With("%s is cut short or of a later version", path)
	}
}

func openPlain(path string, file, passphrase []byte) (k dataKey, err error) {
	body := file[:len(file)-sha256.Size]
	sum := sha256.Sum256(body)
	if !bytes.Equal(sum[:], file[len(body):]) {
		return k, ErrForeign.With("%s is damaged", path)
	}
	if len(passphrase) > 0 {
		return k, ErrPassphrase.With("this home has none")
	}
	if err := private(path); err != nil {
		return k, err
	}
	return dataKey(body[len(magic)+1:]), nil
}

// private refuses a data key that others of this computer can read.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("reading the data key: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode()&fs.FileMode(0o077) != 0 {
		return errExposed.With("%s has mode %v", path, info.Mode())
	}
	return nil
}

func openWrapped(file, passphrase []byte) (k dataKey, err error) {
	rest := file[len(magic)+1:]
	salt, rest := rest[:saltSize], rest[saltSize:]
	nonce, sealed := rest[:chacha20poly1305.NonceSizeX], rest[chacha20poly1305.NonceSizeX:]
	if len(passphrase) == 0 {
		return k, ErrPassphrase.With("this home needs one")
	}
	aead, err := chacha20poly1305.NewX(stretch(passphrase, salt))
	if err != nil {
		return k, fmt.Errorf("unwrapping the data key: %w", err)
	}
	if _, err := aead.Open(k[:0], nonce, sealed, []byte(magic)); err != nil {
		return k, ErrPassphrase
	}
	return k, nil
}
