package checkup

import (
	"cmp"
	"errors"
	"net"
	"syscall"
)

// addresses looks at where the node listens, and at what it tells others to dial.
func (e *exam) addresses() {
	e.listen()
	e.metrics()
	host, _, _ := net.SplitHostPort(cmp.Or(e.Config.Address, e.Config.Listen))
	own, _, _ := net.SplitHostPort(e.Config.Listen)
	if ip := net.ParseIP(own); ip != nil && ip.IsLoopback() && !local(host) {
		e.bad("address", "Listen on an address of this computer, or on 0.0.0.0.",
			"others shall dial %s, and the node listens on %s, which nobody else reaches",
			e.Config.Address, e.Config.Listen)
	}
}

// local says that a host is this computer itself.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// listen tries the address, if the node does not have it.
func (e *exam) listen() {
	if e.running {
		return
	}
	l, err := net.Listen("tcp", e.Config.Listen)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		e.bad("port", "Another program listens there: stop it, or configure another port (listen).",
			"%s is in use", e.Config.Listen)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		e.bad("address", "Configure an address of this computer, or 0.0.0.0 for all of them "+
			"(listen), and in `address` what others dial.", "this computer does not have %s",
			e.Config.Listen)
	case errors.Is(err, syscall.EACCES):
		e.bad("port", "Ports below 1024 are the system's: choose another one (listen).", "%v", err)
	case err != nil:
		e.bad("address", "Mend `listen` in the configuration.", "%v", err)
	default:
		l.Close()
		e.good("port", "%s is free", e.Config.Listen)
	}
}

// metrics are for whoever runs the node.
func (e *exam) metrics() {
	host, port, err := net.SplitHostPort(e.Config.Metrics)
	if e.Config.Metrics == "" || err != nil {
		return
	}
	if ip := net.ParseIP(host); host != "" && !local(host) && (ip == nil || !ip.IsPrivate()) {
		e.bad("metrics", "Have them listen on 127.0.0.1, and let who may see them come through a "+
			"tunnel or a proxy of yours.", "everybody can read at %s how busy the node is",
			e.Config.Metrics)
		return
	}
	if e.running {
		return
	}
	l, err := net.Listen("tcp", net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port))
	if err != nil {
		e.bad("metrics", "Configure another port (metrics), or stop what listens there.", "%v", err)
		return
	}
	l.Close()
}
