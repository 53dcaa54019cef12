package api

import (
	"context"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"murmuration/client/parts"
	"murmuration/client/relation"
	"murmuration/client/session"
	"murmuration/client/store"
)

// Device is a computer of this person, or of a contact.
type Device struct {
	ID    string    `json:"id"`             // 64 hexadecimal digits; commands take the first ones
	This  bool      `json:"this"`           // it is the one that answers
	Heard time.Time `json:"heard,omitzero"` // when something of it came last
	// Standing of a contact's: "live", "revoked", "disputed".
	Standing string `json:"standing,omitempty"`
}

// Linking is the answer to POST /v1/devices/link.
type Linking struct {
	Key   string    `json:"key"`
	Until time.Time `json:"until"`
}

// Keeping is the body of POST /v1/contacts/{alias}/devices: with which of them words were compared.
type Keeping struct {
	Device string `json:"device"`
}

func (s *server) devices() []route {
	return []route{
		answering("GET", "/v1/devices", "the person's own devices, this one first", s.deviceList),
		answering("POST", "/v1/devices/link", "makes the key by which a second device is known "+
			"as one's own", s.linkDevice),
		answering("DELETE", "/v1/devices/{id}", "tells all contacts that one is gone; "+
			"`restored`: all who have restored a backup and were not linked; `others`: all but "+
			"this one, known here or not",
			s.revokeDevice),
		answering("POST", "/v1/devices/object", "tells all contacts that this one is not gone, "+
			"though another one said so", s.objectDevice),
		answering("GET", "/v1/contacts/{alias}/devices", "a contact's devices", s.otherDevices),
		taking("POST", "/v1/contacts/{alias}/devices", "of devices that contradict each other "+
			"keeps the one with which words were compared", maxSmall, s.keepDevice),
	}
}

func (s *server) deviceList(*http.Request) ([]Device, error) {
	all := []Device{}
	err := s.client.View(func(_ time.Time, p *parts.Person) error {
		return p.View(func(tx *store.Tx) error {
			own, err := p.Relations.Devices(tx)
			for _, d := range own {
				all = append(all, Device{ID: idOf(d.ID), This: d.This, Heard: d.Heard})
			}
			return err
		})
	})
	return all, err
}

// idOf is a device's id, or nothing before there is a second one.
func idOf(d session.DeviceID) string {
	if d == (session.DeviceID{}) {
		return ""
	}
	return hex.EncodeToString(d[:])
}

func (s *server) linkDevice(*http.Request) (l Linking, err error) {
	err = s.relating(func(tx *store.Tx, now time.Time, r *relation.Relations) error {
		key, err := r.Link(tx, now)
		l = Linking{key.Text(), now.Add(relation.LinkLife).UTC()}
		return err
	})
	return l, err
}

// relating lets something happen among relations.
func (s *server) relating(
	do func(tx *store.Tx, now time.Time, r *relation.Relations) error,
) error {
	return s.client.Do(func(now time.Time, p *parts.Person) error {
		return p.Update(func(tx *store.Tx) error { return do(tx, now, p.Relations) })
	})
}

// thatDevice finds the one whose id begins so.
func thatDevice(ids []session.DeviceID, prefix string) (session.DeviceID, error) {
	var found []session.DeviceID
	for _, id := range ids {
		if len(prefix) >= 4 && strings.HasPrefix(hex.EncodeToString(id[:]), prefix) {
			found = append(found, id)
		}
	}
	if len(found) != 1 {
		return session.DeviceID{}, relation.ErrNoDevice
	}
	return found[0], nil
}

// Restored is the id of whoever has restored a backup of this home and is nobody's device that is
// known here.
const Restored = "restored"

// Others is the id of all own devices but the one that answers.
const Others = "others"

func (s *server) revokeDevice(r *http.Request) (nothing, error) {
	return nothing{}, s.relating(
		func(tx *store.Tx, now time.Time, rel *relation.Relations) error {
			if r.PathValue("id") == Restored {
				return rel.RevokeStrangers(tx, now)
			}
			if r.PathValue("id") == Others {
				return rel.RevokeOthers(tx, now)
			}
			own, err := rel.Devices(tx)
			var ids []session.DeviceID
			for _, d := range own {
				if !d.This {
					ids = append(ids, d.ID)
				}
			}
			if err != nil {
				return err
			}
			id, err := thatDevice(ids, r.PathValue("id"))
			if err != nil {
				return err
			}
			return rel.Revoke(tx, now, id)
		})
}

func (s *server) objectDevice(*http.Request) (nothing, error) {
	return nothing{}, s.relating(
		func(tx *store.Tx, now time.Time, rel *relation.Relations) error {
			return rel.Object(tx, now)
		})
}

var standings = map[session.Standing]string{
	session.Live: "live", session.Revoked: "revoked", session.Disputed: "disputed",
}

func (s *server) otherDevices(r *http.Request) ([]Device, error) {
	all := []Device{}
	err := s.client.View(func(_ time.Time, p *parts.Person) error {
		k, err := p.Contacts.Find(r.PathValue("alias"))
		if err != nil {
			return err
		}
		return p.View(func(tx *store.Tx) error {
			others, err := p.Relations.Others(tx, k.Relation)
			for _, o := range others {
				all = append(all, Device{
					ID: idOf(o.ID), Heard: o.Heard, Standing: standings[o.Standing],
				})
			}
			return err
		})
	})
	return all, err
}

func (s *server) keepDevice(r *http.Request, in Keeping) (nothing, error) {
	return nothing{}, s.client.Do(func(now time.Time, p *parts.Person) error {
		k, err := p.Contacts.Find(r.PathValue("alias"))
		if err != nil {
			return err
		}
		return p.Update(func(tx *store.Tx) error {
			others, err := p.Relations.Others(tx, k.Relation)
			var ids []session.DeviceID
			for _, o := range others {
				ids = append(ids, o.ID)
			}
			if err != nil {
				return err
			}
			id, err := thatDevice(ids, in.Device)
			if err != nil {
				return err
			}
			return p.Relations.Settle(tx, now, k.Relation, id)
		})
	})
}

// Devices are the person's own.
func (c *Client) Devices(ctx context.Context) (all []Device, err error) {
	return all, c.call(ctx, "GET", "/v1/devices", nil, &all)
}

// LinkDevice makes the key of a second one.
func (c *Client) LinkDevice(ctx context.Context) (l Linking, err error) {
	return l, c.call(ctx, "POST", "/v1/devices/link", nil, &l)
}

// RevokeDevice says that one is gone.
func (c *Client) RevokeDevice(ctx context.Context, id string) error {
	return c.call(ctx, "DELETE", "/v1/devices/"+segment(id), nil, nil)
}

// Object says that this one is not gone.
func (c *Client) Object(ctx context.Context) error {
	return c.call(ctx, "POST", "/v1/devices/object", nil, nil)
}

// OtherDevices are a contact's.
func (c *Client) OtherDevices(ctx context.Context, alias string) (all []Device, err error) {
	return all, c.call(ctx, "GET", "/v1/contacts/"+segment(alias)+"/devices", nil, &all)
}

// KeepDevice keeps one of those that contradict each other.
func (c *Client) KeepDevice(ctx context.Context, alias, device string) error {
	path := "/v1/contacts/" + segment(alias) + "/devices"
	return c.call(ctx, "POST", path, Keeping{device}, nil)
}
