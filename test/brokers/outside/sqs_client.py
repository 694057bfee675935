"""Reads or writes one SQS message: sqs_client.py ENDPOINT read|write QUEUE. Bytes are hex on standard input and output."""

import sys

import boto3


def main(endpoint: str, act: str, name: str) -> None:
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    client = boto3.client("sqs", endpoint_url=endpoint, region_name="us-east-1", **keys)
    queue = client.create_queue(QueueName=name)["QueueUrl"]
    if act == "write":
        client.send_message(QueueUrl=queue, MessageBody=bytes.fromhex(sys.stdin.read()).decode())
        return
    print("ready", flush=True)
    for _ in range(30):
        for message in client.receive_message(QueueUrl=queue, WaitTimeSeconds=2).get("Messages", []):
            client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            print(message["Body"].encode().hex(), flush=True)
            return
    sys.exit("Nothing came.")


main(*sys.argv[1:4])
