package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// The largest frame that a broker of Apache Kafka reads (socket.request.max.bytes).
const frameMaxBytes = 100 << 20

func readFrame(conn io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(size[:])
	if length > frameMaxBytes {
		return nil, fmt.Errorf("a frame of %d bytes", length)
	}
	frame := make([]byte, length)
	_, err := io.ReadFull(conn, frame)
	return frame, err
}

func writeFrame(conn io.Writer, frame []byte) error {
	_, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...))
	return err
}

// asked is one request of a client: its header as it came, its correlation id, and what it asks.
type asked struct {
	header []byte
	corr   []byte
	req    kmsg.Request
}

func parse(frame []byte) (asked, error) {
	reader := kbin.Reader{Src: frame}
	key, version := reader.Int16(), reader.Int16()
	corr := reader.Int32()
	reader.NullableString()
	req := kmsg.RequestForKey(key)
	if req == nil || !reader.Ok() {
		return asked{}, errors.New("no request of Kafka")
	}
	req.SetVersion(version)
	if req.IsFlexible() {
		kmsg.SkipTags(&reader)
	}
	header := frame[:len(frame)-len(reader.Src)]
	told := asked{header: header, corr: binary.BigEndian.AppendUint32(nil, uint32(corr)), req: req}
	if req.Key() == kmsg.ApiVersions.Int16() {
		// A client may ask in a version that nobody knows yet; the broker answers that by itself.
		return told, nil
	}
	return told, req.ReadFrom(reader.Src)
}

// reply is the frame that answers a request.
func (a asked) reply(response kmsg.Response) []byte {
	frame := a.corr
	if response.IsFlexible() {
		frame = append(frame, 0)
	}
	return response.AppendTo(frame)
}

// open connects to the broker as one of its two users.
func open(d *door, user string) (net.Conn, error) {
	conn, err := d.dial()
	if err != nil {
		return nil, err
	}
	handshake := kmsg.NewPtrSASLHandshakeRequest()
	handshake.Version, handshake.Mechanism = 1, plain
	login := kmsg.NewPtrSASLAuthenticateRequest()
	login.SASLAuthBytes = []byte("\x00" + user + "\x00" + user)
	for _, req := range []kmsg.Request{handshake, login} {
		frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID("front")).AppendRequest(nil, req, 0)
		if _, err = conn.Write(frame); err == nil {
			_, err = readFrame(conn)
		}
		if err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, nil
}
