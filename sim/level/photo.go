package level

import (
	"slices"

	"murmuration/sim/attack"
	"murmuration/sim/stat"
)

// photosAtOnce is how many photos are judged together.
const photosAtOnce = 5

// photoAge compares how often the first boxes of photos and those of posts are fetched in their
// third and fourth minute, of some photos together: whatever is recognised late stands out. A
// photo's first box is listed before anybody has read its post.
func (l looking) photoAge() []stat.Metric {
	posts, often := l.lateFetches(0)
	photos, more := l.lateFetches(1)
	return []stat.Metric{
		stat.AUC("photo_age_auc", posts, photos),
		plain("photo_age_ratio", "1", more/max(often, 1e-9)),
	}
}

// lateFetches counts them for that part of each post, some together.
func (l looking) lateFetches(part uint8) (together []float64, mean float64) {
	var each []float64
	for i := range l.truth {
		b := &l.seen.Boxes[i]
		if l.truth[i].Part == part && l.measured(b) {
			late := attack.Between(b.Fetches, b.Listed+120e9, b.Listed+fetchedWithin)
			each = append(each, float64(len(late)))
		}
	}
	for some := range slices.Chunk(each, photosAtOnce) {
		sum := 0.0
		for _, n := range some {
			sum += n
		}
		if mean += sum / float64(len(each)); len(some) == photosAtOnce {
			together = append(together, sum)
		}
	}
	return together, mean
}
