package client

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"murmuration/client/content"
	"murmuration/client/parts"
	"murmuration/client/store"
	"murmuration/client/timeline"
)

// BenchmarkTenThousandPosts opens a home with ten thousand posts and a thousand photos, and looks
// at the timeline and for a word in it (docs/performance.md).
func BenchmarkTenThousandPosts(b *testing.B) {
	home := filepath.Join(b.TempDir(), "ada")
	if err := Create(home, Init{Name: "Ada", Genesis: keptGenesis(b, "one")}); err != nil {
		b.Fatal(err)
	}
	fillHome(b, home, 10_000, 1000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var started, listed, found time.Duration
	for b.Loop() {
		at := time.Now()
		c := start(b, home, "")
		started += time.Since(at)
		at = time.Now()
		posts, err := c.Timeline(20)
		listed += time.Since(at)
		if err != nil || len(posts) != 20 {
			b.Fatalf("%d posts, %v", len(posts), err)
		}
		err = c.View(func(now time.Time, p *parts.Person) error {
			at = time.Now()
			hits, err := p.Search(now, "word17 wor", 0, 20)
			found += time.Since(at)
			if len(hits) != 20 {
				b.Fatalf("%d found", len(hits))
			}
			return err
		})
		runtime.GC()
		runtime.ReadMemStats(&after)
		if err != nil || c.Close() != nil {
			b.Fatal(err)
		}
	}
	n := float64(b.N) * float64(time.Millisecond)
	b.ReportMetric(float64(started)/n, "ms/start")
	b.ReportMetric(float64(listed)/n, "ms/timeline")
	b.ReportMetric(float64(found)/n, "ms/search")
	b.ReportMetric(float64(after.HeapAlloc+after.StackInuse-before.HeapAlloc)/(1<<20), "MiB")
}

// fillHome puts posts of ten sources into a home, some of them with a photo of 100 KiB.
func fillHome(b *testing.B, home string, posts, photos int) {
	b.Helper()
	s, err := store.Open(filepath.Join(home, storeDir), nil)
	if err != nil {
		b.Fatal(err)
	}
	line, rng := timeline.New(), rand.New(rand.NewPCG(1, 2))
	jpeg := make([]byte, 100<<10)
	for n := 0; n < posts; {
		err := s.Update(func(tx *store.Tx) error {
			for range 10 {
				text := ""
				for range 30 {
					text += fmt.Sprintf("word%d ", rng.IntN(2000)*rng.IntN(2000)/1000)
				}
				p := content.Post{Name: "Ada", Text: text}
				if n%(posts/photos) == 0 {
					p.Photos = []content.Photo{
						{Size: len(jpeg), Width: 640, Height: 480, Thumb: make([]byte, 2000)},
					}
				}
				said, err := p.Marshal(8000)
				if err != nil {
					return err
				}
				source := content.Source{byte(n % 10)}
				id := content.ID(source, said)
				if len(p.Photos) > 0 {
					if err := tx.Put("photos", id, jpeg); err != nil {
						return err
					}
				}
				n++
				err = line.Keep(tx, timeline.Entry{
					ID: id, Source: source, Number: uint64(n), Content: said, Received: int64(n),
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
