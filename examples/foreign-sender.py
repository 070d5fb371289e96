"""Sends a prompt to a topic that exists and prints the reply, from Python: pip install temporalio

usage: python3 foreign-sender.py TOPIC PROMPT      (TEMPORAL_ADDRESS: where Temporal is, else localhost:7233)
"""
import asyncio, os, sys, uuid
from temporalio.client import Client


async def main(topic: str, prompt: str) -> None:
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))
    session, prompt_id = client.get_workflow_handle(f"topic/{topic}"), str(uuid.uuid4())
    await session.signal("prompt", {"prompt": prompt, "prompt_id": prompt_id})
    while (answer := await session.query("outcome", prompt_id))["state"] in ("queued", "running"):
        await asyncio.sleep(0.2)
    ended = answer.get("outcome", answer)  # A refused prompt has its error in the answer itself.
    print(ended["reply"]) if ended.get("status") == "completed" else sys.exit(f"{ended}")


if len(sys.argv) != 3:
    sys.exit(__doc__)
asyncio.run(main(*sys.argv[1:]))
