package main

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// A role that was given or removed shows after this time at the latest.
	remembered = 2 * time.Second
	// Who was let in stays in for this time while nobody judges.
	kept = time.Minute
)

var (
	errEnded  = errors.New("the token does not hold")
	errSilent = errors.New("nobody judges")
)

// judge asks the service of the stack that judges tokens and role assignments, with the client's own token.
type judge struct {
	authority string
	client    *http.Client
	mu        sync.Mutex
	known     map[question]verdict
}

// question is who would do what where; no hub means the whole namespace, and no action a login.
type question struct{ token, action, hub string }

type verdict struct {
	allowed bool
	at      time.Time
}

func newJudge(authority string, trust *tls.Config) *judge {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: trust}}
	return &judge{authority: authority, client: client, known: map[question]verdict{}}
}

// holds tells whether a token is one of the stack's and has not ended.
func (j *judge) holds(token string) (bool, error) {
	_, _, err := j.ask(question{token: token})
	if errors.Is(err, errEnded) {
		return false, nil
	}
	return err == nil, err
}

// allows tells whether a token's principal may do what a request needs; an error closes its connection.
//
// Event Hubs answers a request without the right with TOPIC_AUTHORIZATION_FAILED, also by a login that is good for the other
// right alone: github.com/Azure/azure-functions-kafka-extension/issues/227 (a producer that may listen) and
// github.com/Azure/azure-event-hubs-for-kafka/issues/16 (a consumer). What it answers about a group is documented nowhere; here
// it is Kafka's GROUP_AUTHORIZATION_FAILED. It also closes a connection whose principal has a role on single hubs alone and asks
// for all of them (issue 159 there), which is not emulated.
func (j *judge) allows(token string, wanted need) (bool, error) {
	if wanted.action == "" {
		return true, nil
	}
	hubs := wanted.hubs
	if len(hubs) == 0 {
		hubs = []string{""}
	}
	for _, hub := range hubs {
		allowed, err := j.allowed(question{token: token, action: wanted.action, hub: hub})
		if err != nil || !allowed {
			return false, err
		}
	}
	return true, nil
}

func (j *judge) allowed(asked question) (bool, error) {
	everywhere := question{token: asked.token, action: asked.action}
	whole, one := j.last(everywhere), j.last(asked)
	if whole.allowed && whole.fresh() {
		return true, nil
	}
	if one.fresh() {
		return one.allowed, nil
	}
	allowed, all, err := j.ask(asked)
	if errors.Is(err, errSilent) && (whole.allowed || one.allowed) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if all {
		asked = everywhere
	}
	j.note(asked, allowed)
	return allowed, nil
}

func (v verdict) fresh() bool { return time.Since(v.at) < remembered }

// last is the verdict that was noted on a question, or none of no time.
func (j *judge) last(asked question) verdict {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.known[asked]
}

func (j *judge) note(asked question, allowed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for old, held := range j.known {
		if time.Since(held.at) > kept {
			delete(j.known, old)
		}
	}
	j.known[asked] = verdict{allowed: allowed, at: time.Now()}
}

// ask tells whether it is allowed, and whether on the whole namespace; an error when the token does not hold or nobody answers.
func (j *judge) ask(asked question) (allowed, whole bool, err error) {
	place := fmt.Sprintf("%s/eventhubs/%s?%s", j.authority, asked.action, url.Values{"hub": {asked.hub}}.Encode())
	request, err := http.NewRequest(http.MethodGet, place, nil)
	if err != nil {
		return false, false, err
	}
	request.Header.Set("Authorization", "Bearer "+asked.token)
	request.Header.Set("User-Agent", "EventHubs")
	answer, err := j.client.Do(request)
	if err != nil {
		return false, false, fmt.Errorf("%w: %w", errSilent, err)
	}
	defer answer.Body.Close()
	var told struct{ Everywhere bool }
	switch answer.StatusCode {
	case http.StatusOK:
		err = json.NewDecoder(answer.Body).Decode(&told)
		return err == nil, told.Everywhere, err
	case http.StatusForbidden:
		return false, false, nil
	case http.StatusUnauthorized:
		return false, false, errEnded
	default:
		return false, false, fmt.Errorf("%w: %s", errSilent, answer.Status)
	}
}
