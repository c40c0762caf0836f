"""Words that the rules of the risk screen share, and what a rule is. Patterns are written for lower-case text.

All of it is the part of the syntax that RE2 and `re` read alike, with bounded gaps: searched in time linear in the text.
"""

from __future__ import annotations

from dataclasses import dataclass

ME = r"(?:i|i'?m|i am|i'?ve|i have|i'?d|i'?ll|me|im|ive)"
SELF = r"(?:myself|my ?self|himself|herself|themself|themselves|ourselves|meself|urself|yourself|yourselves)"
MY = r"(?:my|his|her|their|your|our)"
KIN = (
    r"(?:mum|mom|mam|mother|dad|father|parents?|step-?(?:mum|mom|mother|dad|father|brother|sister)|brother|sister|sibling|son"
    r"|daughter|kids?|child(?:ren)?|baby|toddler|infant|wife|husband|hubby|partner|ex|boyfriend|girlfriend|bf|gf|fianc\w+|spouse"
    r"|uncle|auntie?|cousin|nan|gran\w*|grand\w+|nephew|niece|in-?laws?|(?:daughter|son|mother|father|brother|sister)-in-law)"
)
PEOPLE = (
    rf"(?:him|her|them|people|someone|somebody|everyone|everybody|anyone|you all|that (?:man|woman|bastard|bitch|guy)"
    rf"|(?:my|his|her|the|our|their) (?:\w+ )?(?:{KIN[3:-1]}|boss|manager|teacher|neighbou?rs?|flatmate|roommate|friend|mate"
    r"|colleagues?|co-?workers?|landlord|class(?:mates)?|nurse|doctor|therapist|patient|residents?|dog|cat|puppy|kitten|horse))"
)
WHO = (
    rf"(?:he|she|they|who|man|woman|boy|girl|coach|teacher|priest|vicar|carer|boss|manager|landlord|foster\w*|lad|bloke|guy"
    rf"|flatmate|roommate|friend|mate|{KIN[3:-1]})"
)
PILLS = (
    r"(?:pills?|tablets?|tabs|meds|medication|medicines?|paracetamol|tylenol|acetaminophen|ibuprofen|aspirin|insulin|morphine"
    r"|codeine|oxy\w*|tramadol|dihydrocodeine|amitriptyline|sertraline|propranolol|diazepam|valium|xanax|zopiclone|sleeping pills?"
    r"|antidepressants?|capsules?|painkillers?|beta ?blockers|benzos|blister packs?|quetiapine|lithium|digoxin|patches)"
)
LATER = r"(?:again|still|now|tonight|today|yesterday|this (?:week|month|morning|time)|last night|these days|lately|currently|most days|every (?:day|night))"
GONE = r"(?:gone|dead|not here|not around|no longer (?:here|around)|out of the way|passed|in the ground|under the ground|buried)"


@dataclass(frozen=True)
class Rule:
    """One thing to look for.

    Attributes:
        id: its name in tables; a change of what it finds is a new version of the stage.
        level: what it is worth when nothing in the context lowers it.
        flag: what it is about.
        pattern: for lower-case text with straight apostrophes.
        firm: what stands before it or around it takes nothing back: no negation, frame or time lowers it.
        past: level it keeps when it is told as over; by default 1.
    """

    id: str
    level: int
    flag: str
    pattern: str
    firm: bool = False
    past: int = 1
