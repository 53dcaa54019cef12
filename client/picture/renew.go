package picture

import (
	"image"
	"image/draw"

	"murmuration/client/fault"
)

// Limits of what others send. An honest picture has longSide on a side, and 128 KiB.
const (
	maxForeign      = 4096 * 4096 // pixels
	maxForeignThumb = 512 * 512
	// what is encoded a second time is to lose nothing that is seen
	MaxRenewed      = 512 << 10
	MaxRenewedThumb = 12 << 10
)

// again are the qualities for what was encoded once already.
var again = []int{92, 85, 75, 65, 50}

// ErrAnnounced says that a picture is not the one that its post describes.
var ErrAnnounced = fault.New(
	fault.Trust, "the picture is not of the size that its post describes",
	"It is not shown: ask its author.",
)

// Renew makes of a JPEG file that somebody sent, and that is said to have so many pixels, one of
// this program's own: at most MaxRenewed bytes, with nothing of theirs in it but the picture.
func Renew(file []byte, width, height int) ([]byte, error) {
	img, err := foreign(file, maxForeign)
	if err != nil {
		return nil, err
	}
	if b := img.Bounds(); b.Dx() != width || b.Dy() != height {
		return nil, ErrAnnounced.With("%d × %d instead of %d × %d", b.Dx(), b.Dy(), width, height)
	}
	jpeg, _, err := fit(img, max(width, height, 16), MaxRenewed, again)
	return jpeg, err
}

// RenewThumb is Renew for a thumbnail, of which nothing is said: at most MaxRenewedThumb bytes.
func RenewThumb(file []byte) ([]byte, error) {
	img, err := foreign(file, maxForeignThumb)
	if err != nil {
		return nil, err
	}
	jpeg, _, err := fit(img, thumbSide, MaxRenewedThumb, again)
	return jpeg, err
}

// foreign decodes what somebody sent. It has to be a JPEG, as everybody sends it.
func foreign(file []byte, most int64) (*image.RGBA, error) {
	if len(file) < 3 || file[0] != 0xff || file[1] != markerSOI {
		return nil, ErrNotPicture.With("not a JPEG file")
	}
	img, _, err := decode(file, most)
	if err != nil {
		return nil, err
	}
	out := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(out, out.Bounds(), img, img.Bounds().Min, draw.Src)
	return out, nil
}
