package main

import "github.com/spf13/cobra"

// topics are pages of help that are not verbs.
var topics = []struct{ name, short, text string }{
	{"exit-codes", "What the exit codes mean", `  0  ok
  1  error: the sentence on standard error says what to do
  2  usage: a verb, flag or value that cannot be (also: a malformed invite, a text over the limit)
  3  the node is not running
  4  not found: no such contact, group, message, file or folder
  5  refused: a spent or expired invite, a right that is missing, a request of a stranger
  6  timeout: --timeout ran out before it was true
  7  queued, not delivered: send --wait was not met in time; the message is safe and goes on
  8  locked: the passphrase is missing or wrong

With --json an error is one object on standard error: {"v":1,"error":{"kind":…,"text":…}}.`},
	{"custody", "How mail waits for people who are away", `A message to somebody who is away waits in your log, and sealed copies of it wait with the friends
whom that person asked to keep mail: custodians. A custodian sees for whom it keeps, how many
parcels, how large and since when; never what they say or who wrote them.

  peer custodian allow @bob      Bob may park mail here (his contacts leave it with me)
  peer custodian add @carol      Carol is asked to keep my mail (she has to allow it)
  peer custodian list            what I hold, and who holds mine
  peer message ID                where one message is, and who signed for that

What the stones say, each backed by somebody's signature:
  ○○○ ◷  queued on this device: nobody else has it yet
  ●●○ ⬒  parked: two of three custodians signed for it, until a date
  ─── →  handed over: a device of theirs has taken it, no receipt yet
  ━━━ ✓✓ delivered: their own receipt

Your node keeps a message until the recipient's receipt, whatever custodians say.`},
	{"security", "What is protected, and what is not", `Experimental: nobody outside the project has reviewed this yet.

Protected: what you write is readable by the members of a conversation only, also at custodians and
on the way; nobody can write to you before you accepted them; who is removed from a group reads
nothing later; what is on this disk is encrypted under your passphrase; the local API answers only
this user, and no web page but its own.

Not protected: messages are signed, so they can be proven (no deniability). Whoever watches the
network sees that your node runs and with which addresses it speaks. A custodian knows for whom it
keeps mail, how much and when. Without a passphrase, whoever copies the disk reads everything.
A stolen device reads what you can read until you remove it.

Compare safety numbers with ` + "`peer contact verify @NAME`" + `: then nobody sits between you.`},
}

// helpVerb is cobra's, but a topic that is not there is an error with a suggestion.
func helpVerb(root *cobra.Command) *cobra.Command {
	c := verb("help [VERB]", "About a verb or a topic", cobra.ArbitraryArgs, nil)
	c.RunE = func(_ *cobra.Command, args []string) error {
		of, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 && of.HasSubCommands() {
			return unknownVerb(of, rest)
		}
		of.InitDefaultHelpFlag()
		return of.Help()
	}
	return c
}

func addTopics(root *cobra.Command) {
	root.SetHelpCommand(helpVerb(root))
	for _, t := range topics {
		root.AddCommand(&cobra.Command{Use: t.name, Short: t.short, Long: t.text})
	}
}
