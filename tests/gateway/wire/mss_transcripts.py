"""What services write in both forms, as their public guides show it, with values of the tests' own."""

_AP = '"AP_Info":{"AP_ID":"mid://sso.example","AP_TransID":"REF0101120000","Instant":"2015-01-01T11:00:00.000Z"}'
_MSSP = '"MSSP_Info":{"Instant":"2015-01-01T11:00:00.100Z","MSSP_ID":{"URI":"http://mid.example/"}}'
_VERSION = '"MajorVersion":"1","MinorVersion":"1"'
_USER = '"MobileUser":{"MSISDN":"+41790000001"}'


def _status(code: int, name: str) -> str:
    return f'"Status":{{"StatusCode":{{"Value":"{code}"}},"StatusMessage":"{name}"}}'


_SIGNED = '"MSS_Signature":{"Base64Signature":"MIII\\ndwYJKoY="}'

JSON = {
    "request": """
    {"MSS_SignatureReq": {
        "AP_Info": {"AP_ID": "mid://sso.example", "AP_PWD": "secret", "AP_TransID": "REF0101120000",
                    "Instant": "2015-01-01T11:00:00.000Z"},
        "AdditionalServices": [{"Description": "http://mss.ficom.fi/TS102204/v1.0.0#userLang",
                                "UserLang": {"Value": "EN"}}],
        "DataToBeSigned": {"Data": "SSO: pay?", "Encoding": "UTF-8", "MimeType": "text/plain"},
        "MSS_Format": "http://uri.etsi.org/TS102204/v1.1.2#CMS-Signature",
        "MajorVersion": "1", "MinorVersion": "2", "MessagingMode": "asynch",
        "MobileUser": {"MSISDN": "+41790000001"},
        "SignatureProfile": "http://alauda.mobi/nonRepudiation", "TimeOut": "80"}}
    """,
    "signature": f'{{"MSS_SignatureResp":{{{_AP},{_MSSP},"MSSP_TransID":"h4dhx",{_SIGNED},{_VERSION},{_USER},'
    f'"SignatureProfile":"http://alauda.mobi/nonRepudiation",{_status(500, "SIGNATURE")}}}}}',
    "taken": f'{{"MSS_SignatureResp":{{{_AP},{_MSSP},"MSSP_TransID":"h4dhx",{_VERSION},{_USER},'
    f"{_status(100, 'REQUEST_OK')}}}}}",
    "status": f'{{"MSS_StatusResp":{{{_AP},{_MSSP},"MSSP_TransID":"h4dhx",{_SIGNED},{_VERSION},{_USER},'
    f"{_status(500, 'SIGNATURE')}}}}}",
    "waiting": f'{{"MSS_StatusResp":{{{_AP},{_MSSP},"MSSP_TransID":"h4dhx",{_VERSION},{_USER},'
    f"{_status(504, 'OUTSTANDING_TRANSACTION')}}}}}",
    "profile": f"""
    {{"MSS_ProfileResp": {{{_AP},{_MSSP}, "MajorVersion": "2", "MinorVersion": "0",
        "SignatureProfile": ["SIGNATURE_PROFILE_1", "SIGNATURE_PROFILE_2"],
        "Status": {{"StatusCode": {{"Value": "100"}}, "StatusMessage": "REQUEST_OK", "StatusDetail": {{
            "ProfileQueryExtension": {{
                "MobileUser": {{"AutoActivation": false, "RecoveryCodeCreated": true}},
                "Sscds": {{
                    "App": [{{"MobileUserCertificate": [], "PinStatus": {{"Blocked": false}}, "State": "INACTIVE"}}],
                    "Sim": {{
                        "CardDetails": {{"Mcc": "228", "Mnc": "01", "Network": "Example"}},
                        "MobileUserCertificate": [
                            {{"Algorithm": "RSA", "State": "ACTIVE", "X509Certificate": ["dXNlcg==", "Y2E="],
                              "X509SubjectName": ["CN=user", "CN=ca"]}},
                            {{"Algorithm": "EC", "State": "INACTIVE", "X509Certificate": ["b3RoZXI=", "Y2E="]}}],
                        "PinStatus": {{"Blocked": true}}, "State": "ACTIVE"}}}}}}}}}}}}}}
    """,
    "receipt": f'{{"MSS_ReceiptResp":{{{_AP},{_MSSP},{_VERSION},"Status":{{"StatusCode":{{"Value":"100"}},'
    '"StatusDetail":{"ReceiptResponseExtension":{"UserAck":"true"}},"StatusMessage":"REQUEST_OK"}}}',
    "fault": '{"Fault":{"Code":{"SubCode":{"Value":"_101","ValueNs":"http://uri.etsi.org/TS102204/v1.1.2#"},'
    '"Value":"Sender","ValueNs":"http://www.w3.org/2003/05/soap-envelope"},"Detail":"Illegal msisdn",'
    '"Reason":"WRONG_PARAM"}}',
}


def _envelope(operation: str, name: str, inside: str, attributes: str = "") -> str:
    return (
        '<soapenv:Envelope xmlns:soapenv="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<soapenv:Body><{operation}>\n <mss:{name} MajorVersion="1" MinorVersion="1"{attributes} '
        'xmlns:mss="http://uri.etsi.org/TS102204/v1.1.2#" xmlns:fi="http://mss.ficom.fi/TS102204/v1.0.0#">\n'
        '  <mss:AP_Info AP_ID="mid://sso.example" AP_PWD="not-needed" AP_TransID="REF0101120000" '
        'Instant="2015-01-01T12:00:00.000+01:00"/>\n'
        '  <mss:MSSP_Info Instant="2015-01-01T12:00:00.100+01:00"><mss:MSSP_ID><mss:URI>http://mid.example/</mss:URI>'
        f"</mss:MSSP_ID></mss:MSSP_Info>\n{inside}</mss:{name}>\n</{operation}></soapenv:Body></soapenv:Envelope>"
    )


_XML_USER = "<mss:MobileUser>\n <mss:MSISDN>+41790000001</mss:MSISDN>\n</mss:MobileUser>"
_XML_SIGNED = "<mss:MSS_Signature><mss:Base64Signature>MIII\ndwYJKoY=</mss:Base64Signature></mss:MSS_Signature>"
_ID = ' MSSP_TransID="h4dhx"'


def _xml_status(code: int, name: str) -> str:
    return (
        f'<mss:Status>\n<mss:StatusCode Value="{code}"/>\n<mss:StatusMessage>{name}</mss:StatusMessage>\n</mss:Status>'
    )


SOAP = {
    "request": """<?xml version="1.0" encoding="UTF-8"?>
    <soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"""
    '" xmlns:mss="http://uri.etsi.org/TS102204/v1.1.2#" xmlns:fi="http://mss.ficom.fi/TS102204/v1.0.0#"'
    """ xmlns:mcs="http://www.methics.fi/TS102204/ext/v1.0.0">
      <soap:Body>
        <MSS_Signature>
          <mss:MSS_SignatureReq MajorVersion="1" MinorVersion="1" MessagingMode="asynchClientServer" TimeOut="80">
            <mss:AP_Info AP_ID="mid://sso.example" AP_PWD="secret" AP_TransID="REF0101120000" """
    """Instant="2015-01-01T11:00:00.000Z"></mss:AP_Info>
            <mss:MobileUser><mss:MSISDN>+41790000001</mss:MSISDN></mss:MobileUser>
            <mss:DataToBeSigned MimeType="text/plain" Encoding="UTF-8">SSO: pay?</mss:DataToBeSigned>
            <mss:SignatureProfile><mss:mssURI>http://alauda.mobi/nonRepudiation</mss:mssURI></mss:SignatureProfile>
            <mss:AdditionalServices>
              <mss:Service>
                <mss:Description>
                  <mss:mssURI>http://mss.ficom.fi/TS102204/v1.0.0#userLang</mss:mssURI>
                </mss:Description>
                <fi:UserLang>EN</fi:UserLang>
              </mss:Service>
            </mss:AdditionalServices>
            <mss:MSS_Format><mss:mssURI>http://uri.etsi.org/TS102204/v1.1.2#CMS-Signature</mss:mssURI></mss:MSS_Format>
          </mss:MSS_SignatureReq>
        </MSS_Signature>
      </soap:Body>
    </soap:Envelope>""",
    "signature": _envelope(
        "MSS_SignatureResponse",
        "MSS_SignatureResp",
        f"{_XML_USER}{_XML_SIGNED}<mss:SignatureProfile><mss:mssURI>http://alauda.mobi/nonRepudiation</mss:mssURI>"
        f"</mss:SignatureProfile>{_xml_status(500, 'SIGNATURE')}",
        _ID,
    ),
    "taken": _envelope(
        "MSS_SignatureResponse", "MSS_SignatureResp", f"{_XML_USER}{_xml_status(100, 'REQUEST_OK')}", _ID
    ),
    "status": _envelope(
        "MSS_StatusQueryResponse", "MSS_StatusResp", f"{_XML_USER}{_XML_SIGNED}{_xml_status(500, 'SIGNATURE')}", _ID
    ),
    "waiting": _envelope(
        "MSS_StatusQueryResponse",
        "MSS_StatusResp",
        f"{_XML_USER}{_xml_status(504, 'OUTSTANDING_TRANSACTION')}",
        _ID,
    ),
    "profile": _envelope(
        "MSS_ProfileQueryResponse",
        "MSS_ProfileResp",
        """<mss:SignatureProfile><mss:mssURI>SIGNATURE_PROFILE_1</mss:mssURI></mss:SignatureProfile>
        <mss:SignatureProfile><mss:mssURI>SIGNATURE_PROFILE_2</mss:mssURI></mss:SignatureProfile>
        <mss:Status><mss:StatusCode Value="100"/><mss:StatusMessage>REQUEST_OK</mss:StatusMessage><mss:StatusDetail>
        <mcs:ProfileQueryExtension xmlns:mcs="http://www.methics.fi/TS102204/ext/v1.0.0"
                                   xmlns:ds="http://www.w3.org/2000/09/xmldsig#">
          <mcs:MobileUser RecoveryCodeCreated="true" AutoActivation="false"/>
          <mcs:Sscds>
            <mcs:Sim>
              <mcs:State>ACTIVE</mcs:State><mcs:PinStatus blocked="true"/>
              <mcs:MobileUserCertificate State="ACTIVE" Algorithm="RSA">
                <ds:X509Certificate>dXNlcg==</ds:X509Certificate><ds:X509SubjectName>CN=user</ds:X509SubjectName>
                <ds:X509Certificate>Y2E=</ds:X509Certificate><ds:X509SubjectName>CN=ca</ds:X509SubjectName>
              </mcs:MobileUserCertificate>
              <mcs:MobileUserCertificate State="INACTIVE" Algorithm="EC">
                <ds:X509Certificate>b3RoZXI=</ds:X509Certificate><ds:X509Certificate>Y2E=</ds:X509Certificate>
              </mcs:MobileUserCertificate>
              <mcs:CardDetails><mcs:MCC>228</mcs:MCC><mcs:MNC>01</mcs:MNC><mcs:Network>E</mcs:Network></mcs:CardDetails>
            </mcs:Sim>
            <mcs:App><mcs:State>INACTIVE</mcs:State><mcs:PinStatus blocked="false"/></mcs:App>
          </mcs:Sscds>
        </mcs:ProfileQueryExtension></mss:StatusDetail></mss:Status>""",
    ),
    "receipt": _envelope(
        "MSS_ReceiptResponse",
        "MSS_ReceiptResp",
        '<mss:Status><mss:StatusCode Value="100"/><mss:StatusMessage>REQUEST_OK</mss:StatusMessage><mss:StatusDetail>'
        '<ns1:ReceiptResponseExtension UserAck="true" xmlns:ns1="http://www.swisscom.ch/TS102204/ext/v1.0.0"/>'
        "</mss:StatusDetail></mss:Status>",
    ),
    "fault": """<soapenv:Envelope xmlns:soapenv="http://www.w3.org/2003/05/soap-envelope">
    <soapenv:Body><soapenv:Fault><soapenv:Code><soapenv:Value>soapenv:Sender</soapenv:Value>
      <soapenv:Subcode xmlns:mss="http://uri.etsi.org/TS102204/v1.1.2#"><soapenv:Value>mss:_101</soapenv:Value>
      </soapenv:Subcode></soapenv:Code>
      <soapenv:Reason><soapenv:Text xml:lang="en">WRONG_PARAM</soapenv:Text></soapenv:Reason>
      <soapenv:Detail><ns1:detail xmlns:ns1="http://kiuru.methics.fi/mssp">Illegal msisdn</ns1:detail></soapenv:Detail>
    </soapenv:Fault></soapenv:Body></soapenv:Envelope>""",
}
