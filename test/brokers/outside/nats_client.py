"""Reads or writes one NATS message: nats_client.py SERVER read|write SUBJECT. Bytes are hex on standard input and output."""

import asyncio
import sys

import nats


async def main(server: str, act: str, subject: str) -> None:
    connection = await nats.connect(server)
    if act == "read":
        subscription = await connection.subscribe(subject)
        await connection.flush()
        print("ready", flush=True)
        message = await subscription.next_msg(timeout=60)
        print(message.data.hex(), flush=True)
    else:
        await connection.publish(subject, bytes.fromhex(sys.stdin.read()))
        await connection.flush()
    await connection.close()


asyncio.run(main(*sys.argv[1:4]))
