package client_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"murmuration/client"
	"murmuration/client/photo"
	"murmuration/internal/box"
)

// photoRun carries one photo of 64 KiB and says how long the post and the whole took.
func photoRun(t *testing.T) (post, all time.Duration) {
	par := townParameters()
	par.BoxPlaintext = box.DefaultFormat.Plaintext
	inTown(t, par, []string{"Ada", "Bob"}, func(tn *town, people ...*resident) {
		ada, bob := people[0], people[1]
		bob.follow(ada.publish(), "ada")
		<-time.After(time.Minute)
		picture := noise(t, 268, 268)
		began := time.Now()
		receipt := ada.say(client.Draft{Text: "look", Photo: picture})
		if receipt.Boxes != 9 {
			t.Fatalf("%d boxes", receipt.Boxes)
		}
		await(t, "post", time.Hour, func() bool { return bob.read() != "" })
		post = time.Since(began)
		posts, _ := bob.Timeline(1)
		await(t, "photo", time.Hour, func() bool {
			s, err := bob.FetchPhoto(posts[0].ID)
			return err == nil && s.Where == photo.Here
		})
		all = time.Since(began)
	})
	return post, all
}

// TestPhotoRow is the performance row "64 KiB photo, post to fetched" in virtual time: mean hop
// 200 ms, one payload slot a second, 4 watched boxes, poll share ½, loops of 0.5/s, 20 runs. It takes
// half a minute and prints seconds of virtual time; the row's own run goes over sockets. Its short
// form is TestPostAndPhotoReachAFollower.
func TestPhotoRow(t *testing.T) {
	if os.Getenv("MURMUR_ROWS") == "" {
		t.Skip("half a minute: just photo-virtual (MURMUR_ROWS=1)")
	}
	var posts, alls []time.Duration
	for range 20 {
		p, a := photoRun(t)
		posts, alls = append(posts, p), append(alls, a)
	}
	slices.Sort(posts)
	slices.Sort(alls)
	t.Logf("of 20 runs: post %v median, photo %v median, %v to %v", posts[10], alls[10], alls[0], alls[19])
}
