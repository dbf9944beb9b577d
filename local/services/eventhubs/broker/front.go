package main

import (
	"crypto/tls"
	"net"
	"sync"
)

// Two users of the broker behind the front: one may do everything, one nothing. A request that is judged well goes in as the
// first, any other as the second, so that a refusal has the broker's own form for each kind of request.
const (
	plain   = "PLAIN"
	granted = "granted"
	refused = "refused"
)

// front stands before the broker: it takes TLS connections on the broker's port and is all that connects to the broker.
type front struct {
	certificate tls.Certificate
	key         string
	judge       *judge
}

// door is the broker's listener: its address is the front's, its connections are those that the front makes.
type door struct {
	outside net.Listener
	inside  chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (d *door) Addr() net.Addr { return d.outside.Addr() }

func (d *door) Accept() (net.Conn, error) {
	select {
	case conn := <-d.inside:
		return conn, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (d *door) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.outside.Close()
}

// dial connects to the broker within this process.
func (d *door) dial() (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case d.inside <- theirs:
		return ours, nil
	case <-d.closed:
		return nil, net.ErrClosed
	}
}

func (f *front) listen(network, address string) (net.Listener, error) {
	outside, err := tls.Listen(network, address, &tls.Config{Certificates: []tls.Certificate{f.certificate}})
	if err != nil {
		return nil, err
	}
	d := &door{outside: outside, inside: make(chan net.Conn), closed: make(chan struct{})}
	go func() {
		for {
			client, err := outside.Accept()
			if err != nil {
				return
			}
			go f.serve(client, d)
		}
	}()
	return d, nil
}

// serve answers one client until it or the broker closes, or it does what closes a connection of Event Hubs.
func (f *front) serve(client net.Conn, d *door) {
	defer client.Close()
	inside, err := open(d, granted)
	if err != nil {
		return
	}
	outcast, err := open(d, refused)
	if err != nil {
		inside.Close()
		return
	}
	hang := func() { client.Close(); inside.Close(); outcast.Close() }
	frames := make(chan []byte)
	go func() {
		// Read ahead, since a client that goes while it waits for an answer must go from the broker, too.
		defer close(frames)
		defer hang()
		for {
			frame, err := readFrame(client)
			if err != nil {
				return
			}
			frames <- frame
		}
	}()
	s := session{front: f, granted: inside, refused: outcast}
	for frame := range frames {
		answer, err := s.answer(frame)
		if err == nil && answer != nil {
			err = writeFrame(client, answer)
		}
		if err != nil {
			hang()
		}
	}
}
