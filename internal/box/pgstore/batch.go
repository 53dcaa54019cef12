package pgstore

import (
	"murmuration/internal/box"
	"murmuration/internal/box/dayform"
)

// batch collects the changes of one commit and sees those before in it.
type batch struct {
	shard   *shard
	number  uint64
	room    box.Room
	changes uint32
	sheets  map[*day]*sheet
}

// sheet is the part of a batch that one day has.
type sheet struct {
	have  map[string][]byte // what the keys hold, by what is committed and by this batch
	set   map[string][]byte // what changes; nil for what goes
	lists []list
}

// byTable sorts keys of a day into its tables.
func byTable(d *day, keys [][]byte) map[string][][]byte {
	tables := make(map[string][][]byte)
	for _, k := range keys {
		table := d.tableOf(k)
		tables[table] = append(tables[table], k)
	}
	return tables
}

// queries are the changes of a day.
func (s *sheet) queries(d *day) (all []*query) {
	set, gone := make(map[string][2][][]byte), make(map[string][][]byte)
	for key, v := range s.set {
		table := d.tableOf([]byte(key))
		if v == nil {
			gone[table] = append(gone[table], []byte(key))
			continue
		}
		pair := set[table]
		set[table] = [2][][]byte{append(pair[0], []byte(key)), append(pair[1], v)}
	}
	for table, pair := range set {
		all = append(all, &query{sql: "INSERT INTO " + table + " SELECT * FROM " +
			"unnest($1::bytea[], $2::bytea[]) ON CONFLICT (k) DO UPDATE SET v = excluded.v",
			args: [][]byte{array(pair[0]), array(pair[1])}})
	}
	for table, keys := range gone {
		all = append(all, &query{sql: "DELETE FROM " + table + " WHERE k = ANY($1::bytea[])",
			args: [][]byte{array(keys)}})
	}
	return all
}

// apply takes what was committed into memory.
func (sh *shard) apply(b *batch) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for d, s := range b.sheets {
		if len(s.set) > 0 {
			sh.has[d.number] = true
		}
		for _, l := range s.lists {
			sh.list(d.number, l)
		}
		for key, v := range s.set {
			if v != nil && key[0] == dayform.BoxPrefix {
				dayform.Recycle(v)
			}
		}
	}
}

// set adds a change.
func (b *batch) set(d *day, key, value []byte) {
	b.sheets[d].have[string(key)], b.sheets[d].set[string(key)] = value, value
	b.changes++
}

// remove is set for a key that shall not be there.
func (b *batch) remove(d *day, key []byte) { b.set(d, key, nil) }

// place is that of the next change.
func (b *batch) place() box.Place {
	return box.Place{Commit: b.number, Index: b.changes<<8 | uint32(b.shard.number)}
}
