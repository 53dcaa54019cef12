package client_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/client/photo"
	"murmuration/client/store"
)

// TestFullDiskIsWaitedOut fills the disks of an author and a reader: nothing is lost, shown twice or told as
// done, the cover goes on, and so does everything else when there is room again.
func TestFullDiskIsWaitedOut(t *testing.T) {
	t.Parallel()
	inTown(t, townParameters(), []string{"Ada", "Bob"}, func(tn *town, people ...*resident) {
		ada, bob := people[0], people[1]
		bob.follow(ada.publish(), "ada")
		await(t, "connections", time.Minute, func() bool { return ada.Status().Connected && bob.Status().Connected })
		ada.say(client.Draft{Text: "before"})
		for _, r := range people {
			r.room.Store(0)
		}
		if _, err := ada.Post(client.Draft{Text: "while full"}); !errors.Is(err, store.ErrFull) {
			t.Errorf("posting to a full disk: %v", err)
		}
		<-time.After(time.Minute)
		sent := ada.Status().Sent["payload"]
		if line := ada.Outbox()[0]; line.State != "handed over" || bob.read() != "" {
			t.Errorf("nothing can be noted: %+v, Bob reads %q", line, bob.read())
		}
		if s := ada.Status(); !s.Connected || sent < 30 || len(s.Trouble) != 1 || !strings.Contains(s.Trouble[0].What, "disk") {
			t.Errorf("while the disk is full: %+v", s)
		}
		for _, r := range people {
			r.room.Store(math.MaxInt64)
		}
		await(t, "post", 5*time.Minute, func() bool { return bob.read() != "" })
		await(t, "acknowledgement", 5*time.Minute, func() bool { return ada.Outbox()[0].State == "stored" })
		if bob.read() != "ada: before\n" || len(ada.Status().Trouble) != 0 {
			t.Errorf("Bob reads %q, Ada has %+v", bob.read(), ada.Status().Trouble)
		}
	})
}

// TestPhotoIsPutTogetherLater lets the disk be full between a photo's last part and the whole: a state that a
// kill leaves as well, and that nothing came out of once.
func TestPhotoIsPutTogetherLater(t *testing.T) {
	t.Parallel()
	inTown(t, townParameters(), []string{"Ada", "Bob"}, func(tn *town, people ...*resident) {
		ada, bob := people[0], people[1]
		bob.follow(ada.publish(), "ada")
		ada.say(client.Draft{Text: "look", Photo: noise(t, 40, 40)})
		await(t, "post", 5*time.Minute, func() bool { return bob.read() != "" })
		posts, err := bob.Timeline(1)
		if err != nil {
			t.Fatal(err)
		}
		state := func() photo.State {
			s, err := bob.FetchPhoto(posts[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		bob.room.Store(int64(state().Of))
		await(t, "last part", 10*time.Minute, func() bool { return state().Got == state().Of })
		if state().Where == photo.Here {
			t.Fatal("the control: the whole was kept on a full disk")
		}
		if err := bob.stop(); err != nil {
			t.Fatal(err)
		}
		bob.room.Store(math.MaxInt64)
		tn.start(bob)
		await(t, "photo", 5*time.Minute, func() bool { return state().Where == photo.Here })
	})
}
