// Package backup is what a person keeps of a home in another place: one file that the ordinary age
// tool opens with the passphrase.
//
// It holds what lasts (contacts, names, content, settings, doors) and never what says where
// something stands: a home that is made of it is another device, and no two homes go on from the
// same place. Which bucket is which stands in Buckets. The package knows no record's meaning, and
// trusts a file no further than its size allows.
package backup
