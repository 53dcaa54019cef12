package talk

import "time"

// Minute, Second and Day are how exact a time is shown.
const (
	Day    = "2006-01-02"
	Minute = "2006-01-02 15:04"
	Second = "2006-01-02 15:04:05"
)

// When is a time for people, in their time zone; one that was never set is a dash.
func When(t time.Time, exact string) string {
	if t.IsZero() {
		return "–"
	}
	return t.Local().Format(exact)
}
