package client_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/client/photo"
)

// noise is a JPEG file of roughly `size` bytes when it is encoded again.
func noise(t testing.TB, w, h int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(rng.IntN(256)), uint8(rng.IntN(256)), uint8(rng.IntN(256)), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (r *resident) publish() string {
	l, err := r.Publish()
	if err != nil {
		r.t.Fatal(err)
	}
	return l.String()
}

func (r *resident) follow(link, name string) {
	r.t.Helper()
	if err := r.Follow(link, name); err != nil {
		r.t.Fatal(err)
	}
}

func (r *resident) say(d client.Draft) client.Receipt {
	r.t.Helper()
	receipt, err := r.Post(d)
	if err != nil {
		r.t.Fatal(err)
	}
	return receipt
}

func TestPostAndPhotoReachAFollower(t *testing.T) {
	t.Parallel()
	inTown(t, townParameters(), []string{"Ada", "Bob"}, func(tn *town, people ...*resident) {
		ada, bob := people[0], people[1]
		bob.follow(ada.publish(), "ada")
		receipt := ada.say(client.Draft{Text: "hello from the hills", Photo: noise(t, 60, 60), Alt: "noise"})
		if receipt.Boxes < 4 || receipt.Window.Late < receipt.Window.Typical {
			t.Errorf("receipt %+v", receipt)
		}
		took := await(t, "post", 5*time.Minute, func() bool { return bob.read() != "" })
		if bob.read() != "ada: hello from the hills\n" {
			t.Fatalf("Bob reads %q", bob.read())
		}
		posts, _ := bob.Timeline(1)
		if _, err := bob.FetchPhoto(posts[0].ID); err != nil {
			t.Fatal(err)
		}
		took += await(t, "photo", 10*time.Minute, func() bool {
			s, err := bob.FetchPhoto(posts[0].ID)
			return err == nil && s.Where == photo.Here
		})
		his, err1 := bob.Photo(posts[0].ID)
		hers, err2 := ada.Photo(receipt.Post)
		if err := errors.Join(err1, err2); err != nil || !bytes.Equal(his, hers) || len(his) == 0 {
			t.Fatalf("his photo has %d bytes, hers %d, %v", len(his), len(hers), err)
		}
		t.Logf("%d boxes took %v of virtual time", receipt.Boxes, took)
		await(t, "acknowledgement", 5*time.Minute, func() bool { return ada.Outbox()[0].State == "stored" })
		if s := ada.Status(); !s.Connected || s.Waiting != 0 || len(s.Trouble) != 0 || s.Provider == "" {
			t.Errorf("status %+v", s)
		}
	})
}
