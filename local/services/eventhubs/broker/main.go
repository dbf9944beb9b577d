// evbroker speaks the Kafka protocol on one loopback port and keeps its log on disk: the local stand-in for Event Hubs.
// Topics come from the Kafka admin API alone, as hubs come from the resources that declare them.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Event Hubs closes a Kafka connection whose request is larger than this.
const messageMaxBytes = "1046528"

func main() {
	port := flag.Int("port", 0, "loopback port")
	data := flag.String("data", "", "directory of the log")
	flag.Parse()
	if *port == 0 || *data == "" {
		log.Fatal("evbroker: -port and -data are required")
	}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.Ports(*port),
		kfake.ClusterID("eventhubs"),
		kfake.DataDir(*data),
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": messageMaxBytes}),
		kfake.WithLogger(kfake.BasicLogger(os.Stderr, kfake.LogLevelWarn)),
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
