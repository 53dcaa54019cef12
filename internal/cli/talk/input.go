package talk

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"murmuration/client/picture"
	"murmuration/internal/directory"
	"murmuration/internal/durable"
)

// maxText bounds what is read of standard input; the feed's own limit is lower and says so.
const maxText = 64 << 10

// Text is standard input, with the line ends of other systems made our own.
func Text(c *cli.Context) (string, error) {
	text, err := UntilDone(c.Context, func() ([]byte, error) {
		return io.ReadAll(io.LimitReader(c.App.Reader, maxText+1))
	})
	if err != nil {
		return "", fmt.Errorf("reading the text: %w", err)
	}
	if len(text) > maxText {
		return "", Usagef("the text has more than %d KiB; nothing was queued", maxText>>10)
	}
	return strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n"), nil
}

// maxPhoto is what a picture file may have; the client says the same.
const maxPhoto = 32 << 20

// ReadPicture is a picture file, as it is, that looks like one.
func ReadPicture(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, Fail(ExitUser, fmt.Errorf("reading the photo: %w", err), "")
	}
	if !info.Mode().IsRegular() { // a device would fill the memory, a pipe would wait for ever
		return nil, Fail(ExitUser, fmt.Errorf("%s is not a file", path),
			"Name a picture; nothing was queued.")
	}
	if info.Size() > maxPhoto {
		return nil, Fail(ExitUser, fmt.Errorf("%s has %d MiB, a photo may have %d", path,
			info.Size()>>20, maxPhoto>>20), "Make it smaller first; nothing was queued.")
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, Fail(ExitUser, fmt.Errorf("reading the photo: %w", err), "")
	}
	if err := picture.Sniff(file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// ReadGenesis reads the file that a --network names.
func ReadGenesis(path string) (*directory.Genesis, error) {
	raw, err := durable.ReadFile(path, directory.MaxGenesis)
	if err != nil {
		return nil, Fail(ExitUser, fmt.Errorf("reading the genesis file: %w", err),
			"Whoever runs the network can give it to you.")
	}
	genesis, err := directory.ParseGenesis(raw)
	if err != nil {
		return nil, Fail(ExitUser, fmt.Errorf("%s: %w", path, err),
			"Ask for the network's genesis file again.")
	}
	return genesis, nil
}
