package feed_test

import (
	"errors"
	"fmt"

	"murmuration/client/feed"
)

// People paste links with whatever stood around them; a wrong character is noticed.
func ExampleParseLink() {
	const link = "murmur:feed/aeaqeayaaaaaaaaaaei2tgm3"
	_, err := feed.ParseLink(" <" + link + ">. ")
	fmt.Println(errors.Is(err, feed.ErrChecksum), err)
	// Output: true a character of the feed link is wrong or missing
}
