package backup

// Bucket is where a room of the client keeps records of one kind.
type Bucket struct {
	// Owner is its room: the package below client, or "." for client itself. What another room
	// wants of it, it asks the owner for.
	Owner string
	// Kept says that its records go into a backup: contacts, names, content, settings, doors. What
	// says where something stands never does (streams, positions, sessions, epochs, the sender's
	// state, tokens, the guard): two homes that went on from there would contradict each other.
	Kept bool
}

// What becomes of a bucket.
const (
	kept  = true
	never = false
)

// Buckets is every bucket of a home, by its name.
var Buckets = map[string]Bucket{
	"home":      {".", never}, // made anew, from what the backup's header says
	"guards":    {"connection", never},
	"documents": {"connection", never},
	"pieces":    {"connection", never},
	"board":     {"board", never},
	"bulletins": {"board", never},
	"rolls":     {"board", never},
	"periods":   {"board", never},
	"singles":   {"board", never},
	"odd":       {"board", never},
	"frauds":    {"board", never},
	"crowd":     {"crowd", never},
	"boxes":     {"outbox", never},
	"entries":   {"outbox", never},
	"outbox":    {"outbox", never},
	"sent":      {"outbox", never},
	"written":   {"outbox", never},
	"streams":   {"outbox", never},
	"cover":     {"cover", never},
	"stones":    {"cover", never},
	"doors":     {"relation", kept},
	"relations": {"relation", never},
	"said":      {"relation", never},
	"held":      {"relation", never},
	"links":     {"relation", never},
	"ended":     {"relation", kept},
	"contacts":  {"contact", kept},
	"profile":   {"contact", kept},
	"purse":     {"purse", never},
	"feed":      {"feed", never},
	"head":      {"feed", kept}, // the feed goes on in another stream
	"follows":   {"feed", kept},
	"reading":   {"post", never},
	"sources":   {"post", kept},
	"posts":     {"timeline", kept},
	"lists":     {"timeline", kept},
	"leaves":    {"timeline", kept},
	"places":    {"timeline", kept},
	"prefixes":  {"timeline", kept},
	"search":    {"search", kept},
	"texts":     {"search", kept},
	"numbers":   {"search", kept},
	"words":     {"search", kept},
	"lexicon":   {"search", kept},
	"quota":     {"quota", kept},
	"pins":      {"quota", kept},
	"photos":    {"photo", kept},
	"thumbs":    {"photo", kept},
	"unchecked": {"photo", never},
	"pictures":  {"photo", never},
	"parts":     {"photo", never},
	"store":     {"store", never},

	"messages":      {"message", kept},
	"conversations": {"message", kept},
	"lines":         {"message", kept},
	"expiring":      {"message", kept},
	"withdrawn":     {"message", kept},
	"attached":      {"message", never},
	"apps":          {"app", kept},
	"circles":       {"circle", kept},
	"joined":        {"circle", kept},
	"threads":       {"circle", kept},
	"epochs":        {"circle", never},
	"seats":         {"circle", never},
	"erased":        {"timeline", kept},
	"fading":        {"post", kept},
	"contactlines":  {"contact", kept},
	"invites":       {"contact", never}, // keys that are to be gone when they were used
	"accepts":       {"contact", never}, // likewise, and the beginnings of sessions
	"introductions": {"contact", never}, // secrets of meetings to come
}
