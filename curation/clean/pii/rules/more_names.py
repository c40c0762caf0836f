"""First names that the installed lists lack: short forms, and names of people whose language has its own script.

Written for this package, in lower case, in the spelling that English texts use.
"""

from __future__ import annotations

_ARABIC = """
husain tarek zayn faisal faiz sulaiman nasser ameer sameer waleed ziad ziyad ashraf uthman farooq shahid sajid junaid
haroon zubair aysha aminah sumaya hanaa ranya hiba imaan shabana shazia rukhsana rubina nazia nasreen parveen faiza
bushra lubna muna reem hala hanan latifa lamia manal nisreen rasha shaima suad yusra zeinab wajdi bassam firas ghassan
hisham jawad laith maher majid marwan mazen mounir munir nabil naim nizar osama qasim ramzi riad saeed salah samih
sharif taha talal wasim yahya zaki abeer amal asmaa basma dalal eman ghada hadeel haifa iqra kainat maheen mehwish
naila nawal nida rabab rabia sadaf saima sehrish shireen sobia soha sundus tasneem thuraya umaima wardah zarina
zubaida
"""

_INDIAN = """
puja sunita kavita deepika rashmi rekha laxmi meena sangeeta geeta ritu swati shilpa sonal sonali vandana vidya aarti
aditi aishwarya ananya anushka chitra kajal kiran komal lata madhu manisha mansi mridula namrata payal prachi preeti
preethi priyanka roshni rupa saroj savita shobha simran smita soumya sudha sushma vaishali ajay akash akhil anand
aniket anil ankit anuj ashish ashok ashwin bharat chetan deepak dinesh harshit hemant kartik karthik kunal mahesh
manish manoj mohan mohit mukesh neeraj nitin pankaj prakash prashant praveen raj rajesh rajiv rakesh ramesh ranjit
ritesh rohit sachin sandeep sanjay sanjeev satish shankar shiv shyam sudhir sumit sunil suresh tarun tushar uday varun
vijay vikas vikram vinay vinod vishal vivek gurpreet harpreet manpreet jaspreet jasleen simranjit baljit kuldeep
balwinder harjit amandeep sukhdeep navjot bhavesh bhavin chirag darshan dilip gautam haresh hitesh jayesh jignesh
jitendra kalpesh keshav ketan lokesh madhav milind mitesh narendra nilesh parag piyush pradeep pramod prateek raghav
raghu sagar sameep shailesh subhash sushil umesh vasant yogesh anjana archana bhavana bindu darshana gayatri gauri
hema hetal indu janaki jasmeet kirti leela manju maya mira mona nayana nilam parul pragya pratibha purvi rajni ranjana
renu sapna shalini sheetal shruti snehal supriya surbhi tejal trupti urmila urvi varsha veena yamini dilini nuwan
tharindu chathura sanduni imesha kasun
"""

_EASTERN = """
xiu jian peng zhen xue yue rong xiaoming meiling xiaoli jiayi jiahui junjie haoran zihan yichen yuting yuxuan weiwei
lijuan guowei haruto kenta kaito kazuki makoto mayumi megumi midori misaki natsuki riko ryo ryota satoshi sayaka
shinji takashi takeshi yoshi yumi yusuke minjun jihoon jiho seojun jisoo jiwoo minji soyeon yuna eunji hyejin jieun
sunhee youngho sungmin minho taeyang jiyeon seoyeon jinho donghyun hyunwoo jungkook kyungsoo sooyoung yejin nguyen
khanh vinh tuyet nhung thi huyen hieu nghia phuc quoc siti nurul putri dewi budi agus wayan ketut nyoman bayu joko
rizky hafiz aisyah farhana syafiq maricel jhun rodel analyn rowena marites jomar jejomar nuch somchai somsak malee
nong arthit kanya
"""

_AFRICAN = """
oluwaseun oluwaseyi oluwatobi adebayo adewale adeola ayo babatunde bola bolanle chidi chidinma chinwe chioma damilola
dayo ejike femi folake funke funmi ify ikechukwu iyabo kemi kola kunle nkechi obi olu olumide onyeka osas segun seyi
tayo temi temitope tolu tope uzoma yemi efua abiola kipchoge cherono subira zuberi zuri thabo sipho themba bongani
lerato naledi nosipho palesa thandi zanele zodwa lindiwe ayanda lwazi nkosana tsepo kgosi tendai tatenda tinashe rudo
chipo farai kudzai munashe ruvimbo abebe dawit desta fikru girma haile hirut kebede lemlem mekdes meron selam
selamawit tesfaye tigist yonas zewdu amadou aminata aissatou awa binta fatou fatoumata ousmane oumar seydou sekou
cheikh ibrahima lamine modou mariama kadiatou nafissatou akinwale ayomide bukola chibuzo chisom dami emeke ezinne
folasade ifunanya isioma kehinde lanre mobolaji ngozi nonso nwabueze obioma olajide opeyemi sade somto taiwo tobenna
tosin uju yinka zikora adjoa abeba biniam feven hiwot luam mulu rahwa saba samrawit senait tsehay yodit amina asha
fartun hodan ifrah ladan sahra abdirahim abdullahi liban mahad warsame ayaan deqa kizito nakato wasswa babirye mukasa
nambi okello opio auma adongo uwase mugisha ineza habimana ndayishimiye kayitesi
"""

_SLAVIC = """
dmitry anatoly artem kirill oksana katya nastya masha mariya lyudmila yulya darya kolya petya sveta zhenya kasia basia
gosia zosia kuba bartosz rafal agata aneta bozena celina danuta elzbieta grazyna halina iwona jadwiga kinga krystyna
malgosia renata sylwia urszula wanda wiesia zaneta boguslaw czeslaw dariusz jarek lukasz mirek piotrek przemek ryszard
slawek tadeusz tomek wiesiek wladek zdzislaw anka bojana biljana branka danijela gordana ljiljana mirjana nevena
radmila sanja slavica snezana tanja vesna zorica bratislav dejan dragan miodrag nebojsa predrag sasa sinisa slobodan
stevan vojislav zeljko ilir arben besnik blerim driton fatmir gezim shpresa valdete vjosa mimoza vasyl taras bohdan
mykola oleksandr olena nadiya solomiya yaroslav zoryana gheorghe costel ionut mirela doina
"""

_MIDDLE = """
ayşe ebru okan ozan sevgi tolga yildiz hossein arash babak bahram behrouz dariush farhad kaveh mehran navid omid
parisa sahar samaneh sepideh shahin soheil taraneh yasaman azadeh bahar elham fereshteh golnaz laleh leili nasrin
nazanin negar niloufar eitan hadas ido itai lior maayan meir naftali ofer ravit ronen shai shlomo shmuel tzipi uri
yitzhak yossi zev zvi dovid mendel afsaneh ardeshir atefeh behnaz farzad fariba firouz ghazaleh hamed hengameh
homayoun kamyar katayoun mahnaz mahsa majid mehrdad mehri mojgan mojtaba nahid narges nasim nooshin payam pouya ramin
sadegh saeed sanaz shahla shahram shadi shohreh siavash simin soudabeh touraj vahid zohreh ahmet ayhan bahadir basak
bulent burak burcu cagri cansu ceren cihan didem emine erdem fatih filiz gamze gizem hande hatice huseyin ilker kadir
koray levent meltem murat nazli nilufer nurcan onur pelin pinar selcuk sibel sinem suleyman tugba yavuz armen anahit
gagik hovsep nareh narek sevan siranush tigran vahe zaruhi giorgi tamuna lasha zurab
"""

_SHORT = """
kat cath jenn becca bex steph steff tash abi gabby gabs izzy mols sukie pammy debs barbs babs cynth gwenny joss julz
kimmy linny mels roz shaz viv mikey dougie gaz jez kev manny nige paddy petey seb stu kez baz gav jas jaz eilidh fionn
alasdair hywel ieuan huw emrys owain carys cerys ffion gwenllian seren mared eleri thais masud bazza dazza gazza
shazza shaza lozza kaz daz laz maz caz trish trisha lyndsey lindsey lynsey kirsty kirstie kirstin ailsa catriona
mhairi morag shona fiona rhona roisin siobhan sinead grainne caoimhe saoirse aoife niamh ciaran oisin tadhg cillian
padraig eoghan ruairi lochlan deano robbo jonno stevo tommo simmo lexi lexie maddie mads zo zoey hols ches chessie
tilly tills millie elly ellie bels issy minty pippa flick fliss hettie letty lettie libs mim mims nims soph sophs vee
vix xander zander alexi dre tre dez
"""

FURTHER = frozenset(f"{_ARABIC}{_INDIAN}{_EASTERN}{_AFRICAN}{_SLAVIC}{_MIDDLE}{_SHORT}".split())
"""All of them."""
