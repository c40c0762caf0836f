"""Whom everybody knows: public figures, authors, figures of fiction, and set phrases that hold a name.

They are no personal data, as long as the text does not make them somebody the speaker knows. Written for this package.
"""

from __future__ import annotations

_FULL = """
sigmund freud, anna freud, carl jung, c g jung, alfred adler, carl rogers, aaron beck, aaron t beck, judith beck,
albert ellis, marsha linehan, john gottman, julie gottman, john bowlby, mary ainsworth, donald winnicott, melanie
klein, viktor frankl, victor frankl, irvin yalom, rollo may, fritz perls, virginia satir, salvador minuchin, murray
bowen, milton erickson, erik erikson, jean piaget, b f skinner, bf skinner, ivan pavlov, abraham maslow, martin
seligman, mihaly csikszentmihalyi, daniel kahneman, stanley milgram, philip zimbardo, elisabeth kubler-ross, elisabeth
kübler-ross, elizabeth kubler-ross, bessel van der kolk, gabor mate, gabor maté, stephen porges, judith herman,
francine shapiro, richard schwartz, dick schwartz, jon kabat-zinn, kristin neff, tara brach, brene brown, brené brown,
esther perel, harriet lerner, susan forward, lundy bancroft, melody beattie, pia mellody, erich fromm, karen horney,
harry harlow, harry stack sullivan, r d laing, peter fonagy, anthony bateman, allan schore, dan siegel, daniel siegel,
bruce perry, nadine burke harris, angela duckworth, carol dweck, adam grant, daniel goleman, jordan peterson, jonathan
haidt, steven pinker, malcolm gladwell, simon sinek, stephen covey, dale carnegie, tony robbins, mel robbins, eckhart
tolle, deepak chopra, louise hay, wayne dyer, byron katie, pema chodron, pema chödrön, thich nhat hanh, jack
kornfield, sharon salzberg, alan watts, ram dass, dalai lama, mother teresa, joel osteen, c s lewis, cs lewis, rick
warren, john eldredge, mark manson, cal newport, ryan holiday, matt haig, cheryl strayed, glennon doyle, elizabeth
gilbert, maya angelou, khalil gibran, kahlil gibran, rupi kaur, sylvia plath, virginia woolf, ernest hemingway, leo
tolstoy, fyodor dostoevsky, jane austen, charles dickens, mark twain, oscar wilde, george orwell, stephen king, j k
rowling, jk rowling, agatha christie, neil gaiman, terry pratchett, toni morrison, harper lee, anne frank, william
shakespeare, emily dickinson, edgar allan poe, walt whitman, friedrich nietzsche, jean-paul sartre, albert camus,
simone de beauvoir, michel foucault, bertrand russell, karl marx, ayn rand, noam chomsky, alain de botton, marcus
aurelius, immanuel kant, soren kierkegaard, albert einstein, isaac newton, charles darwin, stephen hawking, marie
curie, nikola tesla, alan turing, carl sagan, neil degrasse tyson, richard dawkins, jane goodall, ada lovelace, thomas
edison, leonardo da vinci, galileo galilei, abraham lincoln, george washington, thomas jefferson, john f kennedy,
robert kennedy, franklin roosevelt, theodore roosevelt, ronald reagan, bill clinton, hillary clinton, george bush,
george w bush, barack obama, michelle obama, donald trump, donald j trump, melania trump, ivanka trump, joe biden,
kamala harris, mike pence, bernie sanders, elizabeth warren, nancy pelosi, mitch mcconnell, ted cruz, ron desantis,
pete buttigieg, winston churchill, margaret thatcher, tony blair, theresa may, boris johnson, rishi sunak, keir
starmer, jeremy corbyn, nigel farage, liz truss, nicola sturgeon, queen elizabeth, king charles, princess diana,
prince harry, prince william, prince andrew, meghan markle, kate middleton, justin trudeau, angela merkel, emmanuel
macron, vladimir putin, volodymyr zelensky, xi jinping, kim jong un, kim jong-un, narendra modi, mahatma gandhi,
nelson mandela, martin luther king, martin luther, rosa parks, malcolm x, desmond tutu, fidel castro, che guevara,
adolf hitler, joseph stalin, benito mussolini, saddam hussein, osama bin laden, jeffrey epstein, ghislaine maxwell,
harvey weinstein, bill cosby, r kelly, jimmy savile, ted bundy, jeffrey dahmer, charles manson, derek chauvin, george
floyd, breonna taylor, greta thunberg, malala yousafzai, edward snowden, julian assange, elon musk, jeff bezos, bill
gates, steve jobs, mark zuckerberg, warren buffett, oprah winfrey, ellen degeneres, dr phil, dr oz, dr drew, dr seuss,
dr dre, dr who, dr strange, dr house, dr google, dr pepper, dr evil, dr jekyll, mr rogers, fred rogers, mr hyde, mr
right, mr wrong, mr big, mr darcy, mr bean, mr t, mr beast, mr nice, mr perfect, mr potato, mrs claus, mrs doubtfire,
mrs dalloway, miss america, miss universe, miss piggy, miss havisham, ms pacman, mr president, mr clean, mr
incredible, mr grey, nurse ratched, nurse jackie, captain america, captain marvel, captain hook, sergeant pepper,
judge judy, coach carter, uncle sam, uncle tom, uncle ben, aunt flo, aunt jemima, uncle fester, father christmas,
father time, father ted, mother mary, mother nature, king arthur, king james, king kong, queen victoria, st john, st
paul, st peter, lady gaga, lady macbeth, lady bird, sir elton, taylor swift, beyonce knowles, justin bieber, selena
gomez, ariana grande, billie eilish, ed sheeran, harry styles, demi lovato, miley cyrus, katy perry, britney spears,
kanye west, kim kardashian, kylie jenner, kendall jenner, caitlyn jenner, michael jackson, janet jackson, whitney
houston, amy winehouse, kurt cobain, chester bennington, robin williams, anthony bourdain, david bowie, freddie
mercury, elton john, john lennon, paul mccartney, ringo starr, george harrison, mick jagger, bob dylan, bob marley,
jimi hendrix, janis joplin, jim morrison, elvis presley, frank sinatra, dolly parton, johnny cash, bruce springsteen,
billy joel, stevie wonder, aretha franklin, tina turner, celine dion, mariah carey, alicia keys, john legend, john
mayer, nicki minaj, cardi b, kendrick lamar, travis scott, post malone, mac miller, lana del rey, florence welch, dua
lipa, lewis capaldi, robbie williams, phil collins, george michael, ozzy osbourne, sharon osbourne, kelly clarkson,
carrie underwood, shania twain, bad bunny, brad pitt, angelina jolie, jennifer aniston, jennifer lawrence, jennifer
lopez, johnny depp, amber heard, tom cruise, tom hanks, tom hiddleston, tom holland, tom hardy, leonardo dicaprio,
keanu reeves, will smith, jada pinkett, chris rock, emma watson, emma stone, scarlett johansson, natalie portman,
robert downey, ryan reynolds, ryan gosling, chris hemsworth, chris pratt, hugh jackman, hugh grant, benedict
cumberbatch, daniel radcliffe, idris elba, bill murray, jim carrey, adam sandler, owen wilson, ben stiller, steve
carell, robert pattinson, kristen stewart, meryl streep, julia roberts, sandra bullock, nicole kidman, charlie sheen,
matthew perry, morgan freeman, denzel washington, samuel l jackson, bruce willis, arnold schwarzenegger, sylvester
stallone, clint eastwood, harrison ford, al pacino, robert de niro, marilyn monroe, audrey hepburn, charlie chaplin,
joe rogan, jimmy fallon, jimmy kimmel, stephen colbert, jon stewart, trevor noah, james corden, conan o'brien, jerry
seinfeld, dave chappelle, kevin hart, ricky gervais, russell brand, jimmy carr, simon cowell, gordon ramsay, jamie
oliver, nigella lawson, bob ross, david attenborough, bear grylls, steve irwin, martha stewart, marie kondo, piers
morgan, tucker carlson, sean hannity, rush limbaugh, ben shapiro, andrew tate, logan paul, jake paul, michael jordan,
lebron james, kobe bryant, shaquille o'neal, steph curry, tom brady, aaron rodgers, patrick mahomes, peyton manning,
tiger woods, serena williams, venus williams, roger federer, rafael nadal, novak djokovic, andy murray, simone biles,
michael phelps, usain bolt, mo farah, lionel messi, cristiano ronaldo, david beckham, victoria beckham, marcus
rashford, harry kane, wayne rooney, lewis hamilton, muhammad ali, mike tyson, conor mcgregor, lance armstrong, colin
kaepernick, naomi osaka, megan rapinoe, walt disney, mickey mouse, minnie mouse, donald duck, winnie pooh, harry
potter, hermione granger, ron weasley, albus dumbledore, severus snape, lord voldemort, draco malfoy, frodo baggins,
bilbo baggins, samwise gamgee, luke skywalker, han solo, darth vader, princess leia, obi-wan kenobi, jon snow, james
bond, jason bourne, indiana jones, sherlock holmes, bruce wayne, clark kent, peter parker, tony stark, harley quinn,
jack sparrow, forrest gump, rocky balboa, walter white, jesse pinkman, homer simpson, bart simpson, lisa simpson,
dwight schrute, jim halpert, ted lasso, tony soprano, don draper, carrie bradshaw, ross geller, monica geller,
chandler bing, joey tribbiani, rick grimes, sheldon cooper, barney stinson, bella swan, edward cullen, katniss
everdeen, christian grey, anastasia steele, bridget jones, elizabeth bennet, mary poppins, peter pan, tinker bell,
peter rabbit, alice wonderland, charlie brown, robin hood, king lear, don quixote, romeo juliet, jane eyre, anna
karenina, holden caulfield, jay gatsby, atticus finch, dorian gray, oliver twist, ebenezer scrooge, huckleberry finn,
captain ahab, victor frankenstein, santa claus, jack frost, humpty dumpty, barney rubble, fred flintstone, bob
builder, bugs bunny, hello kitty, super mario, lara croft, john doe, jane doe, joe bloggs, joe schmo, joe schmoe, joe
public, average joe, john q public, debbie downer, peeping tom, nosy parker, negative nancy, nervous nelly, plain
jane, mary sue, mary jane, bloody mary, hail mary, virgin mary, mary magdalene, jesus christ, john baptist, moby dick,
jack russell, jack daniels, jim beam, johnnie walker, captain morgan, jose cuervo, ben jerry, johnson johnson, marks
spencer, barnes noble, wells fargo, morgan stanley, goldman sachs, charles schwab, jp morgan, mercedes benz, harley
davidson, ralph lauren, calvin klein, tommy hilfiger, michael kors, louis vuitton, marc jacobs, victoria's secret,
johns hopkins, john hopkins, tim hortons, jimmy john's, papa john's, trader joe's, uncle ben's, levi strauss, jenny
craig, betty ford, betty crocker, ronald mcdonald, tony hawk, alexander hamilton, joan arc, florence nightingale,
rosie riveter, adam eve, cain abel, sodom gomorrah, bonnie clyde, thelma louise, jack jill, hansel gretel, tom jerry,
ashley madison, jack ripper, murphy's law, vincent van gogh, pablo picasso, frida kahlo, andy warhol, ludwig van
beethoven, johann sebastian bach, wolfgang amadeus mozart, mario kart, john wick, jessica jones, kill bill, dora
explorer, van gogh, abraham isaac, dave buster's, peter paul,
hope solo, grace kelly, will ferrell, rose mcgowan, faith hill, jack black, jack nicholson, bill nye, bill maher, drew
barrymore, mark ruffalo, mark wahlberg, mark hamill, chase bank, chase sapphire, frank ocean, rich dad, art garfunkel,
joy division, summer olympics, dawn dead, guy fawkes, guy ritchie, don juan, dick tracy, rob zombie, rob lowe, pat
benatar, sue perkins, star wars, star trek, sky news, sky sports, dolly mixture, brandy melville, kim possible, ariel
winter
"""

_SINGLE = """
madonna selena mouskouri snorlax
freud jung winnicott bowlby ainsworth linehan gottman gottmans maslow pavlov piaget skinner erikson yalom frankl
seligman csikszentmihalyi kahneman milgram zimbardo kubler-ross kübler-ross porges kabat-zinn minuchin kohut lacan
bandura vygotsky harlow nietzsche plato aristotle socrates seneca epictetus descartes kant sartre camus kierkegaard
schopenhauer spinoza hegel marx foucault confucius laozi rumi shakespeare tolstoy dostoevsky hemingway kafka dickens
orwell tolkien rowling goethe einstein darwin galileo hawking tesla oppenheimer beethoven mozart bach chopin vivaldi
picasso gogh monet rembrandt banksy warhol dali napoleon caesar cleopatra churchill thatcher obama trump biden reagan
nixon putin zelensky merkel macron trudeau modi netanyahu gandhi mandela hitler stalin mussolini mao lenin castro
gaddafi epstein weinstein cosby savile bundy dahmer oprah beyonce beyoncé rihanna shakira eminem kanye lizzo bieber
kardashian kardashians sheeran bono messi ronaldo beckham federer nadal djokovic lebron kobe shaq musk bezos
zuckerberg batman superman spiderman spider-man hulk thanos ironman wolverine gandalf frodo bilbo gollum sauron
legolas dumbledore voldemort hermione snape hagrid draco yoda vader skywalker chewbacca leia shrek simba nemo dory
moana rapunzel cinderella pinocchio bambi dumbo pikachu snoopy kermit sherlock frankenstein dracula scrooge grinch
barbie katniss gatsby hamlet macbeth othello romeo ophelia odysseus achilles hercules zeus aphrodite narcissus oedipus
sisyphus icarus buddha jesus yahweh jehovah lucifer beelzebub montague capulet tybalt mercutio
"""


def _keys(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(entry.split()) for entry in text.replace("\n", " ").split(",") if entry.strip())


FULL = _keys(_FULL)
"""Names of two and more words, and set phrases without their small words ("Jack and Jill" is jack, jill)."""

SINGLE = frozenset(name for name in _SINGLE.split() if not name.endswith("_"))
"""Names that mean one person by themselves."""

FAMILY = frozenset(key[-1] for key in FULL if len(key) > 1)
"""Last words of `FULL`: worth a look before a finding is given."""
