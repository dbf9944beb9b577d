package main

import "github.com/twmb/franz-go/pkg/kmsg"

// The actions of the roles on Event Hubs; `manage` is in neither Data Sender nor Data Receiver.
const (
	send    = "send"
	receive = "receive"
	manage  = "manage"
)

// need is what a request asks for: an action on hubs, or on the whole namespace when it names none. Without an action it asks
// for nothing but a login.
type need struct {
	action string
	hubs   []string
}

// needOf judges a request as a whole: who may not do it on one of its hubs may not do it at all. A consumer group spans hubs, so
// it needs the namespace; what is in it is told to all who are logged in.
func needOf(req kmsg.Request) need {
	switch r := req.(type) {
	case *kmsg.MetadataRequest, *kmsg.InitProducerIDRequest:
		return need{}
	case *kmsg.ProduceRequest:
		return of(send, r.Topics, func(t kmsg.ProduceRequestTopic) string { return t.Topic })
	case *kmsg.FetchRequest:
		return of(receive, r.Topics, func(t kmsg.FetchRequestTopic) string { return t.Topic })
	case *kmsg.ListOffsetsRequest:
		return of(receive, r.Topics, func(t kmsg.ListOffsetsRequestTopic) string { return t.Topic })
	case *kmsg.OffsetForLeaderEpochRequest:
		return of(receive, r.Topics, func(t kmsg.OffsetForLeaderEpochRequestTopic) string { return t.Topic })
	case *kmsg.FindCoordinatorRequest, *kmsg.JoinGroupRequest, *kmsg.SyncGroupRequest, *kmsg.HeartbeatRequest,
		*kmsg.LeaveGroupRequest, *kmsg.OffsetCommitRequest, *kmsg.OffsetFetchRequest, *kmsg.DescribeGroupsRequest:
		return need{action: receive}
	default:
		return need{action: manage}
	}
}

func of[T any](action string, topics []T, name func(T) string) need {
	hubs := make([]string, len(topics))
	for i, topic := range topics {
		hubs[i] = name(topic)
	}
	return need{action: action, hubs: hubs}
}
