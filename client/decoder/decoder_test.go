package decoder

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"murmuration/client/picture"
)

// A test of this package is also the other process, and may have other work in it: what the file of
// a request says, if it begins so. It is set before init runs.
const probes = "\xff\xd8\xffprobe: "

var _ = func() bool { probe = misbehave; return true }()

// signalParent is there where the process is confined.
var signalParent func() error

// misbehave does what a decoder that was taken over would, and answers what came of it.
func misbehave(r request) answer {
	order, ok := strings.CutPrefix(string(r.File), probes)
	if !ok {
		return r.work()
	}
	var err error
	switch order {
	case "open":
		_, err = os.ReadFile("/proc/self/environ")
	case "create":
		err = os.WriteFile("/tmp/murmur-decoder-was-here", nil, 0o600)
	case "connect":
		_, err = net.Dial("tcp", "127.0.0.1:9")
	case "execute":
		err = syscall.Exec("/bin/true", []string{"true"}, nil)
	case "fork":
		err = exec.Command("/bin/true").Run()
	case "kill":
		err = signalParent()
	case "environment":
		return answer{Fault: 1, Detail: clean(strings.Join(os.Environ(), " "))}
	case "memory":
		var all [][]byte
		for range 64 {
			all = append(all, make([]byte, 64<<20))
		}
		return answer{Fault: 1, Detail: clean(string(all[1][:1]))}
	case "much":
		os.Stdout.Write(make([]byte, maxAnswer+1))
	case "exit":
		os.Exit(0)
	case "unsettled": // a picture with something in it
		return answer{JPEG: append(photo(8, 8), "<script>"...)}
	case "larger":
		p, _ := picture.Prepare(photo(64, 64), 1<<16, 4000)
		return answer{JPEG: p.JPEG, Thumb: p.Thumb, Width: 1, Height: 1}
	case "wait":
		<-time.After(time.Hour)
	}
	if err == nil {
		return answer{Fault: 1, Detail: "done"}
	}
	return answer{Fault: 1, Detail: clean(err.Error())}
}

func photo(w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(i * 7)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// TestOtherProcess does what the package in this one would do.
func TestOtherProcess(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	file := photo(300, 200)
	p, err := Prepare(ctx, file, 64<<10, 4000)
	want, err2 := picture.Prepare(file, 64<<10, 4000)
	if err != nil || err2 != nil || !bytes.Equal(p.JPEG, want.JPEG) ||
		!bytes.Equal(p.Thumb, want.Thumb) || p.Width != 300 || p.Height != 200 {
		t.Errorf("%d × %d, %v, %v", p.Width, p.Height, err, err2)
	}
	again, err := Renew(ctx, p.JPEG, 300, 200)
	if w, h, plain := picture.Plain(again); err != nil || plain != nil || w != 300 || h != 200 {
		t.Errorf("anew: %d × %d, %v, %v", w, h, err, plain)
	}
	if thumb, err := RenewThumb(ctx, p.Thumb); err != nil || len(thumb) == 0 {
		t.Errorf("a thumbnail: %v", err)
	}
	var commented bytes.Buffer
	commented.Write(file[:2])
	commented.WriteString("\xff\xfe\x00\x08canary")
	commented.Write(file[2:])
	found, err := Inspect(ctx, commented.Bytes())
	if err != nil || len(found) != 1 || found[0].Value != "canary" {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestRefusals come through as they are, and name no file, no address and no line.
func TestRefusals(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cases := map[string]struct {
		do   func([]byte) error
		file []byte
		want error
	}{
		"another size":  {renewed(ctx, 30, 20), photo(31, 20), picture.ErrAnnounced},
		"a cut picture": {renewed(ctx, 300, 200), photo(300, 200)[:1000], picture.ErrCut},
		"a drawing": {renewed(ctx, 9, 9), []byte("<svg><image href='http://x'/></svg>"),
			picture.ErrDrawing},
		"another format": {renewed(ctx, 1, 1), pngOf(1, 1), picture.ErrNotPicture},
		"a huge picture": {prepared(ctx), pngOf(60_000, 60_000), picture.ErrTooLarge},
		"a long file":    {prepared(ctx), make([]byte, picture.MaxFile+1), picture.ErrTooLarge},
	}
	for name, c := range cases {
		if err := c.do(c.file); !errors.Is(err, c.want) || !Blames(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func renewed(ctx context.Context, w, h int) func([]byte) error {
	return func(file []byte) error { _, err := Renew(ctx, file, w, h); return err }
}

func prepared(ctx context.Context) func([]byte) error {
	return func(file []byte) error { _, err := Prepare(ctx, file, 64<<10, 4000); return err }
}

// pngOf is a picture of one pixel that claims to have more.
func pngOf(w, h uint32) []byte {
	img := image.NewGray(image.Rect(0, 0, 1, 1))
	img.SetGray(0, 0, color.Gray{9})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	file := b.Bytes()
	binary.BigEndian.PutUint32(file[16:], w)
	binary.BigEndian.PutUint32(file[20:], h)
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}

// TestProcessIsConfined: what is done there after a decoder was taken over fails, and without the
// filter it would not.
func TestProcessIsConfined(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" || raced {
		return // what other systems give is less, see docs/photo.md
	}
	const written = "/tmp/murmur-decoder-was-here"
	_ = os.Remove(written) // of a run without the filter, which shows that it is needed
	ask := func(order string) string {
		err := renewed(t.Context(), 1, 1)([]byte(probes + order))
		return err.Error()
	}
	for _, order := range []string{"open", "create", "connect", "execute", "fork", "kill"} {
		if got := ask(order); !strings.Contains(got, "not permitted") &&
			!strings.Contains(got, "too many open files") {
			t.Errorf("%s: %s", order, got)
		}
	}
	if got := ask("nothing"); !strings.Contains(got, "done") {
		t.Errorf("the control: %s", got)
	}
	if got := ask("environment"); !strings.HasSuffix(got,
		marker+"=1 "+softMemory+" "+processors) {
		t.Errorf("its environment: %s", got)
	}
	if _, err := os.Stat(written); err == nil {
		t.Error("it has written a file")
	}
}

// TestProcessThatGoesWrong takes nobody with it: too much memory, too long an answer, one that is
// none, and a picture in which there is more than a picture.
func TestProcessThatGoesWrong(t *testing.T) {
	t.Parallel()
	orders := []string{"much", "exit", "unsettled"}
	if runtime.GOOS == "linux" && !raced {
		orders = append(orders, "memory")
	}
	for _, order := range orders {
		err := renewed(t.Context(), 1, 1)([]byte(probes + order))
		if !errors.Is(err, ErrCrashed) || !Blames(err) {
			t.Errorf("%s: %v", order, err)
		}
	}
	if err := prepared(t.Context())([]byte(probes + "larger")); !errors.Is(err, ErrCrashed) {
		t.Errorf("a picture of another size: %v", err)
	}
	raw, err := encMode.Marshal(request{Do: renew, File: []byte(probes + "wait")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := start(t.Context(), raw, time.Second/10); !errors.Is(err, ErrCrashed) {
		t.Errorf("one that takes too long: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	err = renewed(ctx, 1, 1)([]byte(probes + "wait"))
	if !errors.Is(err, context.Canceled) || Blames(err) {
		t.Errorf("one that was called off: %v", err)
	}
}

func FuzzRequest(f *testing.F) {
	for _, r := range []request{
		{Do: renew, File: photo(8, 8), Width: 8, Height: 8}, {Do: inspect, File: photo(8, 8)},
	} {
		b, err := encMode.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parse[request](b, 1<<16)
		if err != nil || r.Do == prepare { // which package picture tries
			return
		}
		if cfg, err := jpeg.DecodeConfig(bytes.NewReader(r.File)); err == nil &&
			cfg.Width*cfg.Height > 1<<10 {
			return
		}
		a := r.work()
		if err := a.check(r); err != nil {
			t.Fatalf("%+v: %v", a, err)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	p, err := picture.Prepare(photo(8, 8), 1<<16, 4000)
	if err != nil {
		f.Fatal(err)
	}
	for _, a := range []answer{
		{JPEG: p.JPEG, Thumb: p.Thumb, Width: 8, Height: 8, Notes: []picture.Note{1}},
		{Fault: 2, Detail: "9 × 9 pixels"}, {Found: []picture.Found{{What: "place", Bytes: 3}}},
	} {
		b, err := encMode.Marshal(a)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parse[answer](b, maxAnswer)
		if err != nil {
			return
		}
		for _, do := range []task{prepare, renew, inspect} {
			if a.check(request{Do: do}) == nil && a.Fault == 0 && do != inspect {
				if w, h, err := picture.Plain(a.JPEG); err != nil || w == 0 || h == 0 {
					t.Fatalf("%d × %d, %v", w, h, err)
				}
			}
		}
	})
}
