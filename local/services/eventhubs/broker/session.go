package main

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const bearer = "OAUTHBEARER"

var errClosed = errors.New("Event Hubs closes the connection")

// session is one client's connection: before login, by whom it was logged in after, and its two ways to the broker.
type session struct {
	front     *front
	granted   net.Conn
	refused   net.Conn
	mechanism string
	// token of a client; the local cloud's own key needs none.
	token string
	own   bool
}

// answer serves one request; none is given to a request that wants none.
func (s *session) answer(frame []byte) ([]byte, error) {
	told, err := parse(frame)
	if err != nil {
		return nil, err
	}
	switch req := told.req.(type) {
	case *kmsg.ApiVersionsRequest:
		return through(s.granted, frame)
	case *kmsg.SASLHandshakeRequest:
		return told.reply(s.handshake(req)), nil
	case *kmsg.SASLAuthenticateRequest:
		response, err := s.login(req)
		return told.reply(response), err
	}
	if s.token == "" && !s.own {
		return nil, errClosed
	}
	return s.pass(told, frame)
}

func (s *session) handshake(req *kmsg.SASLHandshakeRequest) kmsg.Response {
	response := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
	response.SupportedMechanisms = []string{plain, bearer}
	if s.mechanism = req.Mechanism; s.mechanism != plain && s.mechanism != bearer {
		response.ErrorCode = kerr.UnsupportedSaslMechanism.Code
	}
	return response
}

// login takes a token that holds, as `auth=Bearer TOKEN` in the client's first message (RFC 7628), or the cloud's own key as the
// password of PLAIN. A second login on a connection is none: Event Hubs does not re-authenticate (KIP-368), and closes a
// connection when its token ends; here its next judgement does (judge.go).
func (s *session) login(req *kmsg.SASLAuthenticateRequest) (kmsg.Response, error) {
	response := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
	if s.token != "" || s.own {
		return response, errClosed
	}
	if s.mechanism == plain {
		parts := bytes.Split(req.SASLAuthBytes, []byte{0})
		s.own = subtle.ConstantTimeCompare(parts[len(parts)-1], []byte(s.front.key)) == 1
	} else {
		token := tokenOf(string(req.SASLAuthBytes))
		holds, err := s.front.judge.holds(token)
		if err != nil {
			return response, err
		}
		if holds {
			s.token = token
		}
	}
	if s.token == "" && !s.own {
		text := "The token or key was refused."
		response.ErrorCode, response.ErrorMessage = kerr.SaslAuthenticationFailed.Code, &text
	}
	return response, nil
}

func tokenOf(message string) string {
	for _, part := range strings.Split(message, "\x01") {
		if token, found := strings.CutPrefix(part, "auth=Bearer "); found {
			return token
		}
	}
	return ""
}

// pass has a request judged and takes it to the broker.
func (s *session) pass(told asked, frame []byte) ([]byte, error) {
	allowed := s.own
	if !s.own {
		var err error
		if allowed, err = s.front.judge.allows(s.token, needOf(told.req)); err != nil {
			return nil, err
		}
	}
	switch req := told.req.(type) {
	case *kmsg.FetchRequest:
		// Without a session of fetches, each of them names all its topics.
		req.SessionID, req.SessionEpoch = 0, -1
		frame = req.AppendTo(bytes.Clone(told.header))
	case *kmsg.ProduceRequest:
		if req.Acks == 0 && allowed {
			return nil, writeFrame(s.granted, frame)
		}
		if req.Acks == 0 {
			return nil, errClosed
		}
	}
	if allowed {
		return through(s.granted, frame)
	}
	return through(s.refused, frame)
}

func through(conn io.ReadWriter, frame []byte) ([]byte, error) {
	if err := writeFrame(conn, frame); err != nil {
		return nil, err
	}
	return readFrame(conn)
}
