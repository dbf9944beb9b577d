// evbroker speaks the Kafka protocol on one loopback port and keeps its log on disk: the local stand-in for Event Hubs.
// Topics come from the Kafka admin API alone, as hubs come from the resources that declare them. Clients log in by TLS with a
// token, and every request is judged by the role assignments of the stack (front.go).
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"
)

// Event Hubs closes a Kafka connection whose request is larger than this.
const messageMaxBytes = "1046528"

func main() {
	port := flag.Int("port", 0, "loopback port")
	state := flag.String("state", "", "the stack's directory: certificates in tls, the cloud's own key in eventhubs.key, the log in eventhubs")
	authority := flag.String("authority", "", "URL of the service that judges tokens and role assignments")
	flag.Parse()
	if *port == 0 || *state == "" || *authority == "" {
		log.Fatal("evbroker: -port, -state and -authority are required")
	}
	door, err := newFront(*state, *authority)
	if err != nil {
		log.Fatalf("evbroker: %v", err)
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.Ports(*port),
		kfake.ClusterID("eventhubs"),
		kfake.DataDir(filepath.Join(*state, "eventhubs")),
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": messageMaxBytes}),
		kfake.WithLogger(kfake.BasicLogger(os.Stderr, kfake.LogLevelWarn)),
		kfake.ListenFn(door.listen),
		kfake.EnableSASL(),
		kfake.EnableACLs(),
		kfake.Superuser(plain, granted, granted),
		kfake.User(plain, refused, refused),
		// From the next version on a fetch names topics by number, and the front judges them by name.
		kfake.MaxVersions(kversion.V3_0_0()),
	)
	if err != nil {
		log.Fatalf("evbroker: %v", err)
	}
	fmt.Println("ready", strings.Join(cluster.ListenAddrs(), ","))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	<-stop
	cluster.Close()
}

func newFront(state, authority string) (*front, error) {
	key, err := os.ReadFile(filepath.Join(state, "eventhubs.key"))
	if err != nil {
		return nil, err
	}
	server := filepath.Join(state, "tls", "server.pem")
	certificate, err := tls.LoadX509KeyPair(server, server)
	if err != nil {
		return nil, err
	}
	root, err := os.ReadFile(filepath.Join(state, "tls", "ca.pem"))
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(root)
	return &front{
		certificate: certificate,
		key:         string(key),
		judge:       newJudge(authority, &tls.Config{RootCAs: trusted}),
	}, nil
}
