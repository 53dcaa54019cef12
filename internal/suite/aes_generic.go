//go:build !amd64 || purego

package suite

// Without our assembly, the stream and the wide block come from the standard
// library and the AEZ module: the same bytes, in constant time, with a few
// small allocations per packet.
const hasAES = false

type streamState struct{}

func (*streamState) xor(key *StreamKey, b []byte) { xorStreamPortable(key, b) }
func (*streamState) erase()                       {}

type wideState struct{}

func (*wideState) cipher(key *WideKey, b []byte, d int) { widePortable(key, b, d) }
func (*wideState) erase()                               {}

func zeroUpper() {}
