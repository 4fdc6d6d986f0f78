# SPDX-License-Identifier: MIT
"""A provider whose every answer the test decides, while the daemon runs: a zone of records, and a mood."""
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from origin import Origin, Reply


class Scripted:
    """`zone`: {(name, type): [record, …]}; what is not in it does not exist. `craft`: {name: function(reply)} makes the
    reply instead. `wrong`: names whose answers are to another question. `mood`: good, servfail, refused, silent
    (nothing comes until it changes), or closed (the connection ends)."""

    def __init__(self, lab, zone_name="story.example", ttl=1):
        self.zone_name, self.ttl, self.zone, self.mood = zone_name, ttl, {}, "good"
        self.craft, self.wrong, self.flags = {}, set(), 0
        self.changed = threading.Condition()
        self.origin = Origin(lab, self.say)
        self.yaml = "providers:\n" + self.origin.yaml(lab, "provider1.lab.example")

    def put(self, name, rdtype, *texts):
        """Each text is a record without its class, as in 'www.story.example 1 A 192.0.2.1'."""
        self.zone[(name, rdtype)] = texts

    def turn(self, mood):
        with self.changed:
            self.mood = mood
            self.changed.notify_all()

    def n_asked(self, name):
        return self.origin.n_asked(name)

    def reply_to(self, wire):
        query = dns.message.from_wire(wire)
        reply = dns.message.make_response(query, recursion_available=True)
        question = query.question[0]
        name = question.name.to_text().rstrip(".").lower()
        rdtype = dns.rdatatype.to_text(question.rdtype)
        records = self.zone.get((name, rdtype))
        reply.flags |= self.flags
        if name in self.wrong:
            reply.question[0] = dns.rrset.RRset(dns.name.from_text("other.example"), question.rdclass, question.rdtype)
        if name in self.craft:
            self.craft[name](reply)
        elif self.mood in ("servfail", "refused"):
            reply.set_rcode(dns.rcode.from_text(self.mood))
        elif records is not None:
            for text in records:
                owner, ttl, rtype, rdata = text.split(maxsplit=3)
                reply.answer.append(dns.rrset.from_text(owner + ".", int(ttl), "IN", rtype, rdata))
        else:
            if not any(n == name for n, _ in self.zone):
                reply.set_rcode(dns.rcode.NXDOMAIN)
            zone = self.zone_name if name.endswith(self.zone_name) else name.partition(".")[2]
            soa = f"ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 {self.ttl}"
            reply.authority.append(dns.rrset.from_text(zone + ".", self.ttl, "IN", "SOA", soa))
        return reply

    def say(self, wire):
        with self.changed:
            self.changed.wait_for(lambda: self.mood != "silent", timeout=20)
            if self.mood == "closed":
                raise OSError("closed as the test wants it")
        return Reply(self.reply_to(wire).to_wire(max_size=65535))

    def close(self):
        self.turn("good")
        self.origin.close()
