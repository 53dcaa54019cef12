package person

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"murmuration/client/api"
	"murmuration/internal/cli/talk"
	"murmuration/internal/durable"
)

func exportCommand() *cli.Command {
	return &cli.Command{
		Name: "export", ArgsUsage: "DIR",
		Usage: "write posts and messages into a new directory, unsealed, with photos beside them",
		Flags: []cli.Flag{
			personFlag(),
			&cli.StringFlag{Name: "format", Value: "html", Usage: "html, or jsonl for programs"},
		},
		Action: export,
	}
}

func export(c *cli.Context) error {
	dir, err := talk.OneArgument(c, "DIR")
	if err != nil {
		return err
	}
	write := map[string]func(string, exported) error{"html": exportHTML, "jsonl": exportJSON}
	form, ok := write[c.String("format")]
	if !ok {
		return talk.Usagef("--format %s: give html or jsonl", c.String("format"))
	}
	d, err := daemon(c)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := os.Mkdir(dir, 0o700); err != nil {
		return talk.Fail(talk.ExitUser, fmt.Errorf("making a directory: %w", err),
			"Name one that is not there yet.")
	}
	all, err := exportedOf(c, d, dir)
	if err == nil {
		err = form(dir, all)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, dir)
	talk.Say(c, "%s and %s; whoever can read the directory can read them",
		talk.Plural(len(all.Posts), "post", "posts"),
		talk.Plural(len(all.Messages), "message", "messages"))
	return nil
}

// exported is what is written out, the oldest first.
type exported struct {
	Posts    []exportedPost
	Messages []api.Message
}

// exportedPost is a post with the names of the files of its photos that are here.
type exportedPost struct {
	api.Post
	Files []string `json:"files,omitempty"`
}

func exportedOf(c *cli.Context, d *api.Client, dir string) (all exported, err error) {
	q := api.Query{N: api.MaxTimeline}
	for more := true; more; {
		page, err := d.Posts(c.Context, q)
		if err != nil {
			return all, err
		}
		for _, p := range page {
			e, err := exportPhotos(c, d, dir, p)
			if err != nil {
				return all, err
			}
			all.Posts, q.Before = append([]exportedPost{e}, all.Posts...), p.ID
		}
		more = len(page) == q.N
	}
	talks, err := d.Inbox(c.Context)
	for _, t := range talks {
		said, err2 := exportedTalk(c, d, t.Alias)
		all.Messages, err = append(all.Messages, said...), errors.Join(err, err2)
	}
	return all, err
}

// exportedTalk is all messages with a contact, the oldest first.
func exportedTalk(c *cli.Context, d *api.Client, alias string) (all []api.Message, err error) {
	page, err := d.Messages(c.Context, alias, api.MaxTimeline)
	for err == nil && len(page) > 0 {
		all = append(page, all...)
		page, err = d.MessagesBefore(c.Context, alias, all[0].ID, api.MaxTimeline)
	}
	return all, err
}

// exportPhotos writes the photos of a post that are here. The names of the files are the post's id
// and a number, and nobody else's words.
func exportPhotos(
	c *cli.Context, d *api.Client, dir string, p api.Post,
) (e exportedPost, err error) {
	e.Post = p
	for i, photo := range p.Photos {
		e.Photos[i].Thumb = nil
		if photo.State != "here" {
			continue
		}
		file, err := d.Photo(c.Context, p.ID, i+1, nil)
		if err != nil {
			return e, err
		}
		name := fmt.Sprintf("%s-%d.jpg", p.ID, i+1)
		if err := durable.WriteFile(filepath.Join(dir, name), file, 0o600); err != nil {
			return e, err
		}
		e.Files = append(e.Files, name)
	}
	return e, nil
}

func exportJSON(dir string, all exported) error {
	var posts, messages bytes.Buffer
	var errs []error
	for _, p := range all.Posts {
		errs = append(errs, json.NewEncoder(&posts).Encode(p))
	}
	for _, m := range all.Messages {
		errs = append(errs, json.NewEncoder(&messages).Encode(m))
	}
	return errors.Join(append(errs,
		durable.WriteFile(filepath.Join(dir, "posts.jsonl"), posts.Bytes(), 0o600),
		durable.WriteFile(filepath.Join(dir, "messages.jsonl"), messages.Bytes(), 0o600))...)
}

// pageOf escapes everything that anybody said; the page runs nothing and asks nobody for anything.
var pageOf = template.Must(template.New("page").Parse(`<!doctype html>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self' file:; ` +
	`style-src 'unsafe-inline'">
<title>murmur</title>
<style>body{max-width:40em;margin:2em auto;font-family:sans-serif}p{white-space:pre-wrap}` +
	`img{max-width:100%}</style>
<h1>Posts</h1>
{{range .Posts}}<article id="{{.ID}}"><h2>{{.Author}}</h2>
<small>{{.Time.UTC.Format "2006-01-02 15:04 MST"}}{{with .Circle}} · {{.}}{{end}}</small>
{{with .Warning}}<strong>{{.}}</strong>{{end}}<p>{{.Text}}</p>
{{range .Files}}<img src="{{.}}" alt="">
{{end}}</article>
{{end}}<h1>Messages</h1>
{{range .Messages}}<article><h2>{{.With}}</h2>
<small>{{.Time.UTC.Format "2006-01-02 15:04 MST"}}{{if .Own}} · you{{end}}</small>
<p>{{.Text}}</p></article>
{{end}}`))

func exportHTML(dir string, all exported) error {
	var page bytes.Buffer
	if err := pageOf.Execute(&page, all); err != nil {
		return fmt.Errorf("writing a page: %w", err)
	}
	return durable.WriteFile(filepath.Join(dir, "index.html"), page.Bytes(), 0o600)
}
